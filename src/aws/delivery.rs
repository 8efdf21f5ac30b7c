//! Collect: what the files in a trail's bucket, and CloudTrail in every Region, say of its delivery.
//!
//! Every Region is asked at once, in waves that each need the answers of the one before. What was read so far is always
//! whole, so that an interrupted collection can be judged.

use std::{cell::RefCell, collections::BTreeSet, future::Future, io::Read as _, time::Duration};

use aws_smithy_types::DateTime;
use aws_types::request_id::RequestId as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use futures_util::future::{join, join_all, try_join, try_join_all};
use tokio::time::{Instant, sleep};

use super::{
    Session,
    answers::{pages, timestamp},
    cloudtrail::{self, Collected},
    fault::CallError,
    s3::{Bucket, Content},
};
use crate::{
    clock::Clock,
    error::chain,
    rule::{
        delivery::{
            evidence::{
                self as read, Delivery, DigestFile, DigestObject, Object, OwnCall, PublicKey, RegionDelivery,
                RegionOptStatus,
            },
            key::{DigestKey, Place},
        },
        digest::previous_key,
        evidence::{Observed, Trail},
        region,
        timestamp::Timestamp,
    },
};

const HOUR: i64 = 3600;
/// How far before the window digest files are listed: enough to tell a gap from a beginning.
const BEFORE_WINDOW: i64 = 3 * HOUR;
/// How far the name of a log file may be before the time at which it is written.
const NAME_SLACK: i64 = HOUR / 4;
/// How far around the end of a digest file its public key is looked for (a key may be changed in between).
const KEY_SLACK: i64 = 2 * HOUR;
const MAX_ORGANIZATIONS: usize = 5;
/// The most log files of a Region that evidence keeps.
const MAX_LOG_FILES: usize = 12;
/// The most bytes of a log file that is searched for our own call, and of what it inflates to.
const MAX_LOG_FILE_BYTES: usize = 64 << 20;
const MAX_LOG_TEXT_BYTES: u64 = 1 << 30;
const BETWEEN_LOOKS: Duration = Duration::from_secs(20);

/// What is asked of the delivery of a trail.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// How many seconds back files are listed.
    pub within_seconds: u32,
    /// How many seconds back the chain of digest files is read.
    pub verify_seconds: Option<u32>,
    /// How long log files are watched for our own calls.
    pub wait: Option<Duration>,
}

/// The trails, with their status and selectors; which Regions the account has enabled; and meanwhile `heads`.
///
/// # Errors
/// Our own fault, such as expired credentials. Every other error becomes part of the evidence.
pub async fn claims<T>(
    session: &Session<'_>,
    heads: impl AsyncFnOnce(&[Trail]) -> Result<T, CallError>,
) -> Result<(Collected, Observed<Vec<RegionOptStatus>>, T), CallError> {
    let (collected, list_regions) = try_join(cloudtrail::describe(session), list_regions(session)).await?;
    let trails = collected.trails.known().cloned().unwrap_or_default();
    let mut collected = collected;
    let ((), heads) = try_join(cloudtrail::ask(session, &mut collected), heads(&trails)).await?;
    Ok((collected, list_regions, heads))
}

async fn list_regions(session: &Session<'_>) -> Result<Observed<Vec<RegionOptStatus>>, CallError> {
    const OPERATION: &str = "ListRegions";
    let client = session.account();
    let read = async {
        let mut regions = Vec::new();
        pages(OPERATION, async |token| {
            let request = client.list_regions().max_results(50).set_next_token(token);
            let answer = session.call(OPERATION, &session.region, "", request.send()).await?;
            for entry in answer.regions.ok_or_else(|| CallError::unparsable(OPERATION, "no Regions"))? {
                let status = entry.region_opt_status.map(|status| status.as_str().to_owned());
                let (Some(region_name), Some(region_opt_status)) = (entry.region_name, status) else {
                    return Err(CallError::unparsable(OPERATION, "a Region without name or status"));
                };
                if !region::is_well_formed(&region_name) {
                    return Err(CallError::unparsable(OPERATION, "a Region's name is none"));
                }
                regions.push(RegionOptStatus { region_name, region_opt_status });
            }
            Ok(answer.next_token)
        })
        .await?;
        Ok(regions)
    };
    observed(read).await
}

/// The answer, or why there is none.
async fn observed<T>(call: impl Future<Output = Result<T, CallError>>) -> Result<Observed<T>, CallError> {
    match call.await {
        Ok(answer) => Ok(Observed::Known(answer)),
        Err(error) => error.withheld(None),
    }
}

/// The Region of a bucket.
///
/// # Errors
/// Our own fault.
pub async fn head(bucket: &Bucket<'_>) -> Result<Observed<read::Bucket>, CallError> {
    observed(async { bucket.head().await.map(|bucket_region| read::Bucket { bucket_region }) }).await
}

/// Evidence that nothing is read of yet: every Region that is listed, else every known one of the trail's partition.
pub async fn nothing_read(
    session: &Session<'_>,
    trail: &Trail,
    list_regions: &Observed<Vec<RegionOptStatus>>,
    head_bucket: Option<Observed<read::Bucket>>,
    scope: Scope,
) -> Delivery {
    let partition = trail.home_region().and_then(region::partition);
    let names: BTreeSet<&str> = match list_regions.known() {
        Some(listed) => listed.iter().map(|entry| entry.region_name.as_str()).collect(),
        None => region::known().filter(|known| partition.is_some() && region::partition(known) == partition).collect(),
    };
    let regions = names.into_iter().map(|name| RegionDelivery { region: name.to_owned(), ..RegionDelivery::default() });
    Delivery {
        date: None,
        within_seconds: scope.within_seconds,
        verify_seconds: scope.verify_seconds,
        has_temporary_credentials: session.has_temporary_credentials().await,
        list_regions: list_regions.clone(),
        head_bucket,
        regions: regions.collect(),
    }
}

/// Reads the delivery of one trail into `delivery`.
pub struct Collector<'c> {
    /// The access to the account.
    pub session: &'c Session<'c>,
    /// The trail's bucket.
    pub bucket: &'c Bucket<'c>,
    /// The trail.
    pub trail: &'c Trail,
    /// What is asked.
    pub scope: Scope,
    /// What was read so far.
    pub delivery: &'c RefCell<Delivery>,
    /// One line for each error met on the way that is in no other place.
    pub warnings: &'c RefCell<Vec<String>>,
    /// What time it is by S3; by this machine, if S3 has not answered.
    pub now: &'c dyn Fn() -> Timestamp,
    /// Whether that is S3's time.
    pub is_date_known: &'c dyn Fn() -> bool,
    /// Is told what is being done.
    pub progress: &'c dyn Fn(String),
}

impl Collector<'_> {
    /// Reads it all.
    ///
    /// # Errors
    /// Our own fault. Every other error becomes part of the evidence.
    pub async fn collect(&self) -> Result<(), CallError> {
        let regions = self.regions();
        let name = self.trail.display_name();
        self.say(format!("asking CloudTrail in {} Regions about {name}", regions.len()));
        let statuses = try_join_all(regions.iter().map(|(index, region)| self.status(*index, region)));
        let (roots, _) = try_join(self.roots(), statuses).await?;
        if (self.is_date_known)() {
            self.delivery.borrow_mut().date = Some((self.now)());
        }
        let now = self.delivery.borrow().date.unwrap_or_else(self.now);
        self.say(format!("listing the files of {name} in {} Regions", regions.len()));
        try_join_all(regions.iter().map(|(index, region)| self.list(*index, region, &roots, now))).await?;
        self.say(format!("reading the digest files of {name}"));
        try_join_all(regions.iter().map(|(index, region)| self.read_newest(*index, region, &roots, now))).await?;
        let silent = try_join_all(regions.iter().map(|(index, region)| self.walk_back(*index, region, &roots, now)));
        let chains = try_join_all(regions.iter().map(|(index, region)| self.read_chain(*index, region, now)));
        try_join(silent, chains).await?;
        if let Some(wait) = self.scope.wait {
            self.wait_for_own_calls(&regions, roots.as_deref().unwrap_or_default(), wait).await?;
        }
        Ok(())
    }

    fn say(&self, what: String) {
        (self.progress)(what);
    }

    /// Every Region, and its place in the evidence.
    fn regions(&self) -> Vec<(usize, String)> {
        self.delivery.borrow().regions.iter().map(|read| read.region.clone()).enumerate().collect()
    }

    fn place<'p>(&'p self, region: &'p str) -> Option<Place<'p>> {
        Place::of(self.trail, &self.session.account_id, region)
    }

    fn set(&self, index: usize, change: impl FnOnce(&mut RegionDelivery)) {
        if let Some(read) = self.delivery.borrow_mut().regions.get_mut(index) {
            change(read);
        }
    }

    fn get<T>(&self, index: usize, look: impl FnOnce(&RegionDelivery) -> T) -> Option<T> {
        self.delivery.borrow().regions.get(index).map(look)
    }

    /// Whether the Region is known to be outside the count: CloudTrail does not answer there.
    fn is_outside(&self, region: &str) -> bool {
        let delivery = self.delivery.borrow();
        let mut entries =
            delivery.list_regions.known().into_iter().flatten().filter(|entry| entry.region_name == region);
        let is_in = |status: &str| !["DISABLED", "ENABLING", "DISABLING"].contains(&status);
        delivery.list_regions.known().is_some() && !entries.any(|entry| is_in(&entry.region_opt_status))
    }

    async fn status(&self, index: usize, region: &str) -> Result<(), CallError> {
        const OPERATION: &str = "GetTrailStatus";
        let Some(arn) = self.trail.trail_arn.as_deref().filter(|_| !self.is_outside(region)) else {
            return Ok(());
        };
        let client = self.session.clients(region).cloudtrail;
        let at = Clock::System.now();
        let call = self.session.call(OPERATION, region, arn, client.get_trail_status().name(arn).send());
        let answer = observed(async {
            let answer = call.await?;
            let request_id = answer.request_id().map(str::to_owned);
            Ok((cloudtrail::trail_status(answer)?, request_id))
        });
        let (status, request_id) = match Box::pin(answer).await? {
            Observed::Known((status, request_id)) => (Observed::Known(status), request_id),
            Observed::Refused { refused } => (Observed::Refused { refused }, None),
            Observed::Unanswered { unanswered } => (Observed::Unanswered { unanswered }, None),
        };
        self.set(index, |read| {
            read.get_trail_status = Some(status);
            read.own_call =
                request_id.map(|request_id| OwnCall { request_id, at, has_been_waited_for: false, found_in: None });
        });
        Ok(())
    }

    /// The folders of the account: directly, and for an organization's trail in those of organizations.
    async fn roots(&self) -> Result<Result<Vec<String>, Observed<Vec<Object>>>, CallError> {
        // The Region does not matter above its folders.
        let Some(place) = Place::of(self.trail, &self.session.account_id, "") else { return Ok(Ok(Vec::new())) };
        let own = place.root(None);
        if self.trail.is_organization_trail != Some(true) {
            return Ok(Ok(vec![own]));
        }
        let prefix = place.organization_folders();
        let (organizations, in_own) = join(self.bucket.folders(&prefix), self.bucket.folders(&own)).await;
        let organizations = match organizations {
            Ok(folders) => folders,
            Err(error) => {
                return Ok(Err(match error.withheld::<Vec<Object>>(None)? {
                    Observed::Known(_) => return Ok(Ok(Vec::new())),
                    failure => failure,
                }));
            }
        };
        let ids = organizations.iter().filter_map(|folder| place.organization_in(folder)).take(MAX_ORGANIZATIONS);
        let mut roots: Vec<String> = ids.map(|id| place.root(Some(id))).collect();
        let is_own_empty = in_own.is_ok_and(|folders| folders.is_empty());
        if roots.is_empty() || !is_own_empty {
            roots.push(own);
        }
        Ok(Ok(roots))
    }

    async fn list(
        &self,
        index: usize,
        region: &str,
        roots: &Result<Vec<String>, Observed<Vec<Object>>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let Some(at) = self.place(region) else { return Ok(()) };
        let roots = match roots {
            Ok(roots) => roots,
            Err(failure) => {
                self.set(index, |read| read.digest_files = Some(failure.clone()));
                return Ok(());
            }
        };
        let since = now.plus_seconds(-i64::from(self.scope.within_seconds));
        let digests = async {
            let digest_files = observed(self.list_digests(&at, roots, since.plus_seconds(-BEFORE_WINDOW))).await?;
            self.set(index, |read| read.digest_files = Some(digest_files));
            Ok(())
        };
        let logs = async {
            if self.is_outside(region) {
                return Ok(());
            }
            let log_files = observed(self.list_logs(&at, roots, since)).await?;
            self.set(index, |read| read.log_files = Some(log_files));
            Ok(())
        };
        try_join(digests, logs).await.map(|_| ())
    }

    /// The trail's digest files that end after a time.
    async fn list_digests(&self, at: &Place<'_>, roots: &[String], after: Timestamp) -> Result<Vec<Object>, CallError> {
        let lists = roots.iter().map(async |root| {
            self.bucket.list(&at.digest_folder(root), Some(&at.digest_key(root, after)), |_| false).await
        });
        let mut objects: Vec<Object> = join_all(lists).await.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        objects.retain(|object| at.read_digest_key(&object.key).is_some());
        Ok(objects)
    }

    /// Log files that were written since a time: the first page that has any is enough.
    async fn list_logs(&self, at: &Place<'_>, roots: &[String], since: Timestamp) -> Result<Vec<Object>, CallError> {
        let is_it = |object: &Object| at.is_log_file(&object.key) && object.last_modified >= since;
        let after = since.plus_seconds(-NAME_SLACK);
        let lists = roots.iter().map(async |root| {
            let start_after = at.log_file_key(root, after);
            self.bucket.list(&at.log_folder(root), Some(&start_after), |page| page.iter().any(is_it)).await
        });
        let mut objects: Vec<Object> = join_all(lists).await.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        objects.retain(is_it);
        objects.sort_by(|a, b| (b.last_modified, &b.key).cmp(&(a.last_modified, &a.key)));
        objects.truncate(MAX_LOG_FILES);
        Ok(objects)
    }

    /// The newest digest file that was listed and ends in the window.
    fn newest(&self, index: usize, at: &Place<'_>, now: Timestamp) -> Option<(DigestKey, Object)> {
        let since = now.plus_seconds(-i64::from(self.scope.within_seconds));
        self.get(index, |read| {
            let listed = read.digest_files.iter().filter_map(Observed::known).flatten();
            let keys = listed.filter_map(|object| Some((at.read_digest_key(&object.key)?, object)));
            let usable = keys.filter(|(key, _)| !key.is_backfill && (since..=now).contains(&key.end));
            usable.max_by_key(|(key, object)| (key.end, &object.key)).map(|(key, object)| (key, object.clone()))
        })?
    }

    async fn read_newest(
        &self,
        index: usize,
        region: &str,
        roots: &Result<Vec<String>, Observed<Vec<Object>>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let Some(at) = self.place(region).filter(|_| !self.is_outside(region)) else { return Ok(()) };
        let Some((newest, object)) = self.newest(index, &at, now) else { return Ok(()) };
        let digest = async {
            let mut file = Box::pin(self.get_digest(&object.key)).await?;
            let is_gone = matches!(&file.object, Observed::Refused { refused } if refused.code == "NoSuchKey");
            if let (true, Ok(roots)) = (is_gone, roots) {
                let since = now.plus_seconds(-i64::from(self.scope.within_seconds) - BEFORE_WINDOW);
                let digest_files = observed(self.list_digests(&at, roots, since)).await?;
                self.set(index, |read| read.digest_files = Some(digest_files));
                match self.newest(index, &at, now) {
                    Some((_, other)) => file = Box::pin(self.get_digest(&other.key)).await?,
                    None => return Ok(()),
                }
            }
            self.set(index, |read| read.get_object.push(file));
            Ok(())
        };
        let back_to = self.scope.verify_seconds.map(|seconds| now.plus_seconds(-i64::from(seconds)));
        let from = back_to.map_or(newest.end, |back_to| back_to.min(newest.end)).plus_seconds(-KEY_SLACK);
        let keys = async {
            let keys = observed(self.public_keys(region, from, newest.end.plus_seconds(KEY_SLACK))).await?;
            self.set(index, |read| read.list_public_keys = Some(keys));
            Ok(())
        };
        Box::pin(try_join(digest, keys)).await.map(|_| ())
    }

    async fn get_digest(&self, key: &str) -> Result<DigestFile, CallError> {
        let object = observed(async {
            let Content { last_modified, metadata, bytes } = self.bucket.get(key, DigestObject::MAX_BYTES).await?;
            let body = bytes.map(|bytes| STANDARD.encode(bytes));
            Ok(DigestObject { last_modified, metadata: metadata.into_iter().collect(), body })
        });
        Ok(DigestFile { key: key.to_owned(), object: Box::pin(object).await? })
    }

    async fn public_keys(&self, region: &str, from: Timestamp, to: Timestamp) -> Result<Vec<PublicKey>, CallError> {
        const OPERATION: &str = "ListPublicKeys";
        let time = |time: Timestamp| DateTime::from_millis(time.epoch_milliseconds());
        let client = self.session.clients(region).cloudtrail;
        let request = client.list_public_keys().start_time(time(from)).end_time(time(to));
        let answer = self.session.call(OPERATION, region, "", request.send()).await?;
        let listed = answer.public_key_list.ok_or_else(|| CallError::unparsable(OPERATION, "no PublicKeyList"))?;
        let whole = |key: aws_sdk_cloudtrail::types::PublicKey| {
            Some(PublicKey {
                fingerprint: key.fingerprint?,
                value: STANDARD.encode(key.value?.as_ref()),
                validity_start_time: timestamp(key.validity_start_time?)?,
                validity_end_time: timestamp(key.validity_end_time?)?,
            })
        };
        let keys =
            listed.into_iter().map(|key| whole(key).ok_or_else(|| CallError::unparsable(OPERATION, "half a key")));
        keys.collect()
    }

    /// Where no digest file was listed: the newest before, by at most four listings.
    async fn walk_back(
        &self,
        index: usize,
        region: &str,
        roots: &Result<Vec<String>, Observed<Vec<Object>>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let Some(at) = self.place(region).filter(|_| !self.is_outside(region)) else { return Ok(()) };
        let is_none = |read: &RegionDelivery| {
            let listed = read.digest_files.as_ref().and_then(Observed::known);
            listed.is_some_and(|objects| {
                let mut keys = objects.iter().filter_map(|object| at.read_digest_key(&object.key));
                keys.all(|key| key.is_backfill || key.end > now)
            })
        };
        let validates = self.trail.log_file_validation_enabled == Some(true);
        let (true, true, Ok(roots)) = (validates, self.get(index, is_none) == Some(true), roots) else {
            return Ok(());
        };
        let walks = roots.iter().map(|root| self.earlier(&at, root, now));
        let found = observed(async { Ok(join_all(walks).await.into_iter().collect::<Result<Vec<_>, _>>()?.concat()) });
        let found = found.await?;
        self.set(index, |read| read.earlier_digest_files = Some(found));
        Ok(())
    }

    async fn earlier(&self, at: &Place<'_>, root: &str, now: Timestamp) -> Result<Vec<Object>, CallError> {
        let folder = at.digest_folder(root);
        let newest_of = |objects: Vec<Object>| {
            let keys = objects.into_iter().filter_map(|object| Some((at.read_digest_key(&object.key)?, object)));
            let usable = keys.filter(|(key, _)| !key.is_backfill && key.end <= now);
            usable.max_by_key(|(key, object)| (key.end, object.key.clone())).map(|(_, object)| object)
        };
        let last_week = at.digest_key(root, now.plus_seconds(-7 * 24 * HOUR));
        let listed = self.bucket.list(&folder, Some(&last_week), |_| false).await?;
        if let Some(newest) = newest_of(listed) {
            return Ok(vec![newest]);
        }
        let newest_folder = async |folder: &str, digits: usize| {
            let is_number = |name: &str| name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
            let folders = self.bucket.folders(folder).await?;
            let numbers = folders.into_iter().filter(|found| {
                let name = found.strip_prefix(folder).and_then(|name| name.strip_suffix('/'));
                name.is_some_and(is_number) && found.as_str() <= last_week.as_str()
            });
            Ok::<_, CallError>(numbers.max())
        };
        let Some(year) = newest_folder(&folder, 4).await? else { return Ok(Vec::new()) };
        let Some(month) = newest_folder(&year, 2).await? else { return Ok(Vec::new()) };
        let listed = self.bucket.list(&month, None, |_| false).await?;
        Ok(newest_of(listed).into_iter().collect())
    }

    /// Follows the digest files back from the newest, as far as was asked, and never out of the trail's own place.
    async fn read_chain(&self, index: usize, region: &str, now: Timestamp) -> Result<(), CallError> {
        let Some((seconds, at)) = self.scope.verify_seconds.zip(self.place(region)) else { return Ok(()) };
        let back_to = now.plus_seconds(-i64::from(seconds));
        loop {
            let next = self.get(index, |read| {
                let file = read.get_object.last()?;
                let previous = previous_key(file.object.known()?, &file.key, &at)?;
                let is_wanted = at.read_digest_key(&previous).is_some_and(|key| key.end >= back_to);
                let is_read = read.get_object.iter().any(|file| file.key == previous);
                (is_wanted && !is_read).then_some(previous)
            });
            let Some(Some(key)) = next else { return Ok(()) };
            let file = Box::pin(self.get_digest(&key)).await?;
            self.set(index, |read| read.get_object.push(file));
        }
    }

    /// Watches the log files until the event of our own call is found in each Region.
    async fn wait_for_own_calls(
        &self,
        regions: &[(usize, String)],
        roots: &[String],
        wait: Duration,
    ) -> Result<(), CallError> {
        let until = Instant::now() + wait;
        let mut looked_at = vec![BTreeSet::new(); regions.len()];
        loop {
            self.bucket.renew().await?;
            let looks = regions
                .iter()
                .zip(&mut looked_at)
                .map(|((index, region), seen)| self.look(*index, region, roots, seen));
            try_join_all(looks).await?;
            let is_open = |read: &RegionDelivery| read.own_call.as_ref().is_some_and(|call| call.found_in.is_none());
            let open = self.delivery.borrow().regions.iter().filter(|read| is_open(read)).count();
            let left = until.saturating_duration_since(Instant::now());
            if open == 0 || left.is_zero() {
                return Ok(());
            }
            let minutes = left.as_secs().div_ceil(60);
            self.say(format!("waiting for our own call in {open} Regions, at most {minutes} minutes more"));
            sleep(BETWEEN_LOOKS.min(left)).await;
        }
    }

    async fn look(
        &self,
        index: usize,
        region: &str,
        roots: &[String],
        looked_at: &mut BTreeSet<String>,
    ) -> Result<(), CallError> {
        let call = self.get(index, |read| read.own_call.clone()).flatten();
        let (Some(call), Some(at)) = (call.filter(|call| call.found_in.is_none()), self.place(region)) else {
            return Ok(());
        };
        let warn = |error: &CallError| {
            let line = format!("in {}: {}", region, chain(error));
            let mut warnings = self.warnings.borrow_mut();
            if !warnings.contains(&line) {
                warnings.push(line);
            }
        };
        let after = call.at.plus_seconds(-NAME_SLACK);
        let mut candidates = Vec::new();
        for root in roots {
            match self.bucket.list(&at.log_folder(root), Some(&at.log_file_key(root, after)), |_| false).await {
                Ok(listed) => candidates.extend(listed),
                Err(error) => warn(&own_fault_or(error)?),
            }
        }
        candidates.retain(|object| {
            at.is_log_file(&object.key)
                && object.last_modified >= call.at.to_second()
                && !looked_at.contains(&object.key)
        });
        let mut found_in = None;
        for object in candidates {
            match self.bucket.get(&object.key, MAX_LOG_FILE_BYTES).await {
                Ok(content) => {
                    looked_at.insert(object.key.clone());
                    if content.bytes.is_some_and(|bytes| has_event(&bytes, &call.request_id)) {
                        found_in = Some(object);
                        break;
                    }
                }
                Err(error) => warn(&own_fault_or(error)?),
            }
        }
        self.set(index, |read| {
            if let Some(call) = &mut read.own_call {
                call.has_been_waited_for = true;
                call.found_in = found_in;
            }
        });
        Ok(())
    }
}

fn own_fault_or(error: CallError) -> Result<CallError, CallError> {
    if error.fault == super::fault::Fault::Own { Err(error) } else { Ok(error) }
}

/// Whether a log file has an event with a request id.
fn has_event(bytes: &[u8], request_id: &str) -> bool {
    let mut text = GzDecoder::new(bytes).take(MAX_LOG_TEXT_BYTES);
    let (wanted, mut window, mut piece) = (request_id.as_bytes(), Vec::new(), vec![0; 1 << 16]);
    if wanted.is_empty() {
        return false;
    }
    while let Ok(length @ 1..) = text.read(&mut piece) {
        window.extend_from_slice(&piece[..length]);
        if window.windows(wanted.len()).any(|part| part == wanted) {
            return true;
        }
        let kept = window.len().min(wanted.len() - 1);
        window.drain(..window.len() - kept);
    }
    false
}
