//! What `prove` asks of a delivery, and how it is read.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use clap::{Args, ValueHint};
use clap_complete::engine::ArgValueCandidates;
use futures_util::future::try_join_all;
use tokio::sync::Semaphore;

use super::{
    account::{Account, Connected, profiles},
    error::CliError,
    progress::Progress,
    terminal::Terminal,
};
use crate::{
    aws::{
        Session,
        clock::Clock,
        delivery::{self, Collector, Scope},
        fault::CallError,
        s3::{Access, Bucket, MAX_CALLS},
    },
    rule::{
        arn::Arn,
        delivery::{
            Proving,
            evidence::{self as read, Delivery},
        },
        digest,
        evidence::{Evidence, FormatVersion, Observed, Trail},
        judge,
        parameters::RuleParameters,
        reasons::TrailResult,
        timestamp::Timestamp,
    },
};

/// What is asked of the delivery.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// Ask only this trail; another one that passes then counts as not proved
    #[arg(long, value_name = "ARN", value_hint = ValueHint::Other)]
    trail: Option<String>,
    /// The newest digest file must end in this time before now: 2h to 7d [default: 3h]
    #[arg(long, value_name = "DURATION", value_parser = within, value_hint = ValueHint::Other)]
    within: Option<u32>,
    /// How far back the digest files are read and held against one another: `newest` or 1h to 7d [default: newest]
    #[arg(long, value_name = "newest|HOURS", value_parser = verify, conflicts_with = "evidence")]
    verify: Option<Verify>,
    /// Wait until the command's own call is found in a log file of each Region: 5m to 2h [default: off; alone 20m]
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        default_missing_value = "20m",
        value_parser = wait,
        conflicts_with = "evidence",
        value_hint = ValueHint::Other
    )]
    wait: Option<u32>,
    /// A profile to read the bucket with [default: the account's credentials]
    #[arg(long, value_name = "NAME", conflicts_with = "evidence", add = ArgValueCandidates::new(profiles))]
    bucket_profile: Option<String>,
    /// A role to read the bucket with
    #[arg(long, value_name = "ARN", value_parser = role, conflicts_with = "evidence", value_hint = ValueHint::Other)]
    bucket_role: Option<String>,
}

/// How far back digest files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verify {
    Newest,
    Seconds(u32),
}

const DEFAULT_WITHIN: u32 = 3 * 3600;

fn within(text: &str) -> Result<u32, String> {
    duration(text, 2 * 3600, 7 * 86400, "2h to 7d")
}

fn verify(text: &str) -> Result<Verify, String> {
    if text == "newest" {
        return Ok(Verify::Newest);
    }
    duration(text, 3600, 7 * 86400, "newest, or 1h to 7d").map(Verify::Seconds)
}

fn wait(text: &str) -> Result<u32, String> {
    duration(text, 300, 2 * 3600, "5m to 2h")
}

/// Seconds of a number and `m`, `h` or `d`.
pub(super) fn duration(text: &str, least: u32, most: u32, valid: &str) -> Result<u32, String> {
    let unit = |text: &str| match text {
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86400),
        _ => None,
    };
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = number.parse::<u32>().ok().zip(unit(rest)).and_then(|(number, unit)| number.checked_mul(unit));
    seconds.filter(|seconds| (least..=most).contains(seconds)).ok_or_else(|| format!("valid is {valid}"))
}

fn role(text: &str) -> Result<String, String> {
    let is_role = Arn::parse(text).is_some_and(|arn| {
        arn.service == "iam" && crate::rule::arn::is_account_id(arn.account_id) && arn.resource.starts_with("role/")
    });
    if is_role { Ok(text.to_owned()) } else { Err("valid is arn:PARTITION:iam::ACCOUNT:role/NAME".to_owned()) }
}

impl Asked {
    /// What the decision is to prove from this evidence.
    ///
    /// # Errors
    /// The trail is not there, or the files were not listed so far back.
    pub(super) fn proving(&self, evidence: &Evidence) -> Result<Proving<'static>, CliError> {
        let trails = evidence.trails.known().map(Vec::as_slice).unwrap_or_default();
        if let Some(named) = &self.trail
            && !trails.iter().any(|trail| trail.trail_arn.as_ref() == Some(named))
        {
            let arns: Vec<&str> = trails.iter().filter_map(|trail| trail.trail_arn.as_deref()).collect();
            let valid = if arns.is_empty() { "there is none".to_owned() } else { arns.join(", ") };
            return Err(CliError::usage(format!(
                "--trail: no trail `{named}`; valid is one of the account's: {valid}"
            )));
        }
        let listed = trails.iter().filter_map(|trail| trail.delivery.as_ref()).map(|read| read.within_seconds).min();
        if let (Some(listed), Some(within)) = (listed, self.within)
            && within > listed
        {
            let valid = format!("valid is up to {}h, so far back the files were listed", listed / 3600);
            return Err(CliError::usage(format!("--within: {valid}")));
        }
        Ok(Proving {
            trail: self.trail.clone(),
            within_seconds: self.within.or(listed).unwrap_or(DEFAULT_WITHIN),
            read: &digest::open,
        })
    }

    /// The trails whose delivery is to be read: those that pass, or the one that is named; by their place in the evidence.
    ///
    /// # Errors
    /// The one that is named is not there.
    pub(super) fn trails_to_read(&self, evidence: &Evidence, valid: &RuleParameters) -> Result<Vec<usize>, CliError> {
        self.proving(evidence)?;
        let passing: Vec<Option<String>> = judge(evidence, valid)
            .trails
            .iter()
            .filter(|judged| judged.result == TrailResult::Pass)
            .map(|judged| judged.trail.trail_arn.clone())
            .collect();
        let is_to_be_read = |trail: &Trail| match &self.trail {
            Some(named) => trail.trail_arn.as_ref() == Some(named),
            None => trail.trail_arn.is_some() && passing.contains(&trail.trail_arn),
        };
        let trails = evidence.trails.known().into_iter().flatten().enumerate();
        Ok(trails.filter(|(_, trail)| is_to_be_read(trail)).map(|(index, _)| index).collect())
    }

    fn scope(&self) -> Scope {
        Scope {
            within_seconds: self.within.unwrap_or(DEFAULT_WITHIN),
            verify_seconds: match self.verify {
                None | Some(Verify::Newest) => None,
                Some(Verify::Seconds(seconds)) => Some(seconds),
            },
            wait: self.wait.map(|seconds| Duration::from_secs(seconds.into())),
        }
    }

    /// Reads what `check` reads, and the delivery of each trail that `is_to_be_proved`. Returns whether all of it was
    /// read; if not, the user has interrupted it.
    ///
    /// # Errors
    /// Our own fault, or that of an argument.
    pub(super) async fn collect(
        &self,
        connected: &Connected,
        session: &Session<'_>,
        collected_at: Timestamp,
        is_to_be_proved: impl Fn(&Evidence) -> Result<Vec<usize>, CliError>,
        progress: &Progress,
        terminal: &mut Terminal<'_>,
    ) -> Result<(Evidence, bool), CliError> {
        let of_bucket = match &self.bucket_profile {
            Some(profile) => Some(Account::of(profile, &session.region).connect(terminal).await?),
            None => None,
        };
        let role_account = self.bucket_role.as_deref().map(|role| Arn::split(role).account_id);
        let access = Access {
            connections: of_bucket.as_ref().unwrap_or(connected).connections(),
            account_id: role_account.unwrap_or(&session.account_id).to_owned(),
            region: session.region.clone(),
            role_arn: self.bucket_role.clone(),
            calls: session.calls.clone(),
        };
        let (clock, places) = (Clock::default(), Semaphore::new(MAX_CALLS));
        let heads = async |trails: &[Trail]| heads(trails, session, &access, &clock, &places).await;
        let (collected, list_regions, buckets) =
            Box::pin(delivery::claims(session, heads)).await.map_err(CliError::Aws)?;
        let mut evidence = Evidence {
            format_version: FormatVersion,
            account_id: session.account_id.clone(),
            region: session.region.clone(),
            collected_at,
            trails: collected.trails,
            discovered_trails: None,
            deleted_trail: None,
            provenance: None,
        };
        let mut warnings = collected.warnings;
        let proved = is_to_be_proved(&evidence)?;
        let trails = evidence.trails.known().cloned().unwrap_or_default();
        let scope = self.scope();
        let mut deliveries: Vec<(usize, RefCell<Delivery>)> = Vec::new();
        for index in proved {
            let head = trails[index].s3_bucket_name.as_ref().and_then(|name| buckets.get(name));
            let head = head.map(|(_, head)| head.clone());
            let nothing = delivery::nothing_read(session, &trails[index], &list_regions, head, scope).await;
            deliveries.push((index, RefCell::new(nothing)));
        }
        let of_wait = RefCell::new(Vec::new());
        let (now, is_date_known) = (
            || clock.first_answer().map_or_else(|| crate::clock::Clock::System.now(), |(date, _)| date),
            || clock.first_answer().is_some(),
        );
        let say = |message| progress.say(message);
        let collectors = deliveries.iter().filter_map(|(index, delivery)| {
            let trail = &trails[*index];
            let (bucket, _) = buckets.get(trail.s3_bucket_name.as_ref()?)?;
            let warnings = &of_wait;
            let (now, is_date_known, progress) = (&now, &is_date_known, &say);
            Some(Collector { session, bucket, trail, scope, delivery, warnings, now, is_date_known, progress })
        });
        let collectors: Vec<Collector<'_>> = collectors.collect();
        let is_whole = Cell::new(false);
        tokio::select! {
            read = try_join_all(collectors.iter().map(Collector::collect)) => {
                read.map_err(CliError::Aws)?;
                is_whole.set(true);
            }
            _ = tokio::signal::ctrl_c() => {}
        }
        drop(collectors);
        warnings.extend(of_wait.into_inner());
        if let Some((date, here)) = clock.first_answer()
            && date.seconds_since(here).abs() > 300
        {
            warnings.push(format!(
                "the clock of this machine says {}, and that of S3 {}, which counts",
                here.for_people(),
                date.for_people()
            ));
        }
        if let Observed::Known(trails) = &mut evidence.trails {
            for (index, delivery) in deliveries {
                trails[index].delivery = Some(delivery.into_inner());
            }
        }
        for warning in warnings {
            terminal.warning(warning);
        }
        Ok((evidence, is_whole.get()))
    }
}

type Buckets<'s> = BTreeMap<String, (Bucket<'s>, Observed<read::Bucket>)>;

/// The buckets of all multi-Region trails, and where they are.
async fn heads<'s>(
    trails: &[Trail],
    session: &Session<'_>,
    access: &'s Access<'s>,
    clock: &Clock,
    places: &'s Semaphore,
) -> Result<Buckets<'s>, CallError> {
    let mut regions: BTreeMap<&str, &str> = BTreeMap::new();
    for trail in trails.iter().filter(|trail| trail.is_multi_region()) {
        if let Some(name) = trail.s3_bucket_name.as_deref() {
            regions.insert(name, trail.home_region().unwrap_or(&session.region));
        }
    }
    let heads = regions.into_iter().map(async |(name, region)| {
        let bucket = Bucket::new(name, region, access, clock.clone(), places).await?;
        let head = delivery::head(&bucket).await?;
        Ok((name.to_owned(), (bucket, head)))
    });
    Ok(try_join_all(heads).await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit_within_its_limits() {
        assert_eq!(within("2h"), Ok(7200));
        assert_eq!(within("120m"), Ok(7200));
        assert_eq!(within("7d"), Ok(604_800));
        for text in ["", "h", "3", "119m", "8d", "-3h", "3 h", "3hours", "99999999999h", "4294967295d", "\u{663}h"] {
            assert_eq!(within(text), Err("valid is 2h to 7d".to_owned()), "{text}");
        }
        assert_eq!((wait("5m"), wait("2h")), (Ok(300), Ok(7200)));
        assert!(wait("4m").is_err() && wait("121m").is_err());
        assert_eq!((verify("newest"), verify("24h")), (Ok(Verify::Newest), Ok(Verify::Seconds(86400))));
        assert!(verify("newer").is_err() && verify("59m").is_err());
    }

    #[test]
    fn a_role_is_one_of_iam() {
        assert!(role("arn:aws-cn:iam::111122223333:role/path/name").is_ok());
        for text in [
            "",
            "name",
            "arn:aws:iam::1111:role/x",
            "arn:aws:iam::111122223333:user/x",
            "arn:aws:sts::111122223333:role/x",
        ] {
            assert!(role(text).is_err(), "{text}");
        }
    }
}
