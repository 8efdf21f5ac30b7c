//! One page for managers and auditors: no script, no request, nothing from outside.
//!
//! `html.html` is the page and `html.css` its looks. The template escapes every value.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write},
};

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    Report, Standing, TrailReport,
    changes::Changes,
    command::Command,
    control::{CONTROL, Control, TOOL},
    facts::Fact,
    organization::{Organization, Unit},
    reports::Reports,
    summary::Summary,
    text::is_hidden,
};
use crate::rule::{
    evaluation::ComplianceType,
    reasons::{Code, TrailResult},
    timestamp::Timestamp,
};

/// Writes one page, however many accounts there are; the same reports give the same bytes.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Visible { out: &mut io::BufWriter::new(out), failed: None };
    let rendered = Page::of(reports).render_into(&mut page);
    match page.failed.take() {
        Some(error) => Err(error),
        None => rendered.map_err(io::Error::other).and_then(|()| page.out.flush()),
    }
}

/// A page of which no more is kept in memory than is being written.
struct Visible<'o> {
    out: &'o mut dyn Write,
    failed: Option<io::Error>,
}

impl fmt::Write for Visible<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.out.write_all(visible(part).as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}

#[derive(Template)]
#[template(path = "html.html")]
struct Page<'r> {
    title: String,
    style: String,
    style_sha256: String,
    control: Control,
    version: String,
    summary: Summary,
    changes: Option<&'r Changes>,
    organization: Option<&'r Organization>,
    units: Vec<Unit<'r>>,
    accounts: Vec<Account<'r>>,
}

/// A report, and its place on the page.
struct Account<'r> {
    number: usize,
    verdict: Mark,
    report: &'r Report,
}

/// An organizational unit, which folds.
struct Branch<'p> {
    unit: &'p Unit<'p>,
    /// How many of those that were shown before it end here.
    closes: usize,
    /// Those of its own that need attention.
    accounts: Vec<&'p Account<'p>>,
}

/// A verdict or result as it is shown: never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// A sign of the template and a colour of the style sheet.
    sign: &'static str,
    words: &'static str,
    /// What it means.
    meaning: &'static str,
}

const PASS: Mark = Mark {
    sign: "pass",
    words: "Passes",
    meaning: "The trail meets every condition of the rule, or is trusted to where that was asked for.",
};
const FAIL: Mark = Mark { sign: "fail", words: "Fails", meaning: "The trail definitely misses a condition." };
const UNKNOWN: Mark = Mark {
    sign: "unsure",
    words: "Could not be verified",
    meaning: "Nothing is known to be wrong, but a fact that the decision needs is permanently withheld.",
};
const HIDDEN: Mark = Mark {
    sign: "unsure",
    words: "Not read this time",
    meaning: "Nothing is known to be wrong, but a transient error hid a fact that the decision needs.",
};
const EXCEPTED: Mark =
    Mark { sign: "none", words: "Excepted", meaning: "Somebody answers for the deviation, until a day that is named." };

const fn mark_of(standing: Standing) -> Mark {
    match standing {
        Standing::NonCompliant => Mark {
            sign: "fail",
            words: "Non-compliant",
            meaning: "It was not shown that management events are recorded as the rule requires.",
        },
        Standing::NotVerified => Mark {
            sign: "unsure",
            words: "Not verified",
            meaning: "AWS refused to tell a fact that the verdict needs. AWS Config is told NON_COMPLIANT.",
        },
        Standing::NoVerdict => {
            Mark { sign: "unsure", words: "Without verdict", meaning: "No verdict was reached, for the reason below." }
        }
        Standing::Compliant => {
            Mark { sign: "pass", words: "Compliant", meaning: "Management events are recorded as the rule requires." }
        }
        Standing::NotChecked => {
            Mark { sign: "none", words: "Not checked", meaning: "Nobody wanted a verdict on this account." }
        }
        Standing::NotApplicable => Mark {
            sign: "none",
            words: "Not applicable",
            meaning: "The rule has nothing to say about this account in this Region.",
        },
    }
}

/// A row for AWS Config, which knows three.
const fn standing_of(compliance_type: ComplianceType) -> Standing {
    match compliance_type {
        ComplianceType::Compliant => Standing::Compliant,
        ComplianceType::NonCompliant => Standing::NonCompliant,
        ComplianceType::NotApplicable => Standing::NotApplicable,
    }
}

impl<'r> Page<'r> {
    fn of(reports: &Reports<'r>) -> Self {
        let ranked: Vec<(Mark, &Report)> =
            reports.by_weight().into_iter().map(|report| (mark_of(report.standing()), report)).collect();
        let summary = reports.summary();
        let title = match (reports.accounts, &ranked[..]) {
            ([_], [(verdict, report)]) => format!("{}: {}", verdict.words, report.whose()),
            _ => summary.to_string(),
        };
        let style = include_str!("html.css").replace("RUNNING HEADER", &format!("{CONTROL}, {TOOL}"));
        Self {
            title,
            style_sha256: STANDARD.encode(Sha256::digest(&style)),
            style,
            control: CONTROL,
            version: TOOL.to_string(),
            summary,
            changes: reports.changes,
            organization: reports.organization,
            units: reports.organization.map(|organization| organization.units(reports.accounts)).unwrap_or_default(),
            accounts: (1..)
                .zip(ranked)
                .map(|(number, (verdict, report))| Account { number, verdict, report })
                .collect(),
        }
    }

    /// Those verdicts that there are, and how often.
    fn tally(&self) -> Vec<(Mark, usize)> {
        let counted = Standing::ALL.into_iter().map(|standing| (mark_of(standing), self.summary.count(standing)));
        counted.chain([(EXCEPTED, self.summary.excepted)]).filter(|(_, count)| *count > 0).collect()
    }

    /// The organizational units, each before those below it.
    fn branches(&self) -> impl Iterator<Item = Branch<'_>> {
        let mut open = 0;
        self.units.iter().map(move |unit| {
            let closes = open - unit.depth();
            open = unit.depth() + 1;
            let is_here = |account: &&Account<'_>| {
                let place = account.report.account.as_ref();
                account.report.needs_attention() && place.is_some_and(|place| place.path == unit.path)
            };
            Branch { unit, closes, accounts: self.accounts.iter().filter(is_here).collect() }
        })
    }

    /// How many units are open when the last one has been shown.
    fn still_open(&self) -> usize {
        self.units.last().map_or(0, |unit| unit.depth() + 1)
    }

    /// What the results of trails mean.
    fn results() -> [Mark; 4] {
        [PASS, FAIL, UNKNOWN, HIDDEN]
    }
}

impl Account<'_> {
    /// The account, else the file.
    fn subject(&self) -> &str {
        let Report { account_id, evidence_file, .. } = self.report;
        account_id.as_ref().or(evidence_file.as_ref()).map_or("none", |subject| subject)
    }

    fn whose(&self) -> String {
        capital(&self.report.whose())
    }

    /// What the verdict means here.
    fn meaning(&self) -> &'static str {
        let trails = &self.report.trails;
        let is_hidden = |trail: &TrailReport| {
            trail.result == TrailResult::Hidden || trail.reasons.iter().any(|reason| reason.code == Code::Unanswered)
        };
        match self.report.standing() {
            Standing::NonCompliant
                if !trails.is_empty() && trails.iter().all(|trail| trail.result == TrailResult::Fail) =>
            {
                "No trail records management events as the rule requires."
            }
            Standing::NoVerdict if trails.iter().any(is_hidden) => {
                "A transient error hid a fact that the verdict needs. Check again."
            }
            _ => self.verdict.meaning,
        }
    }

    /// Whether there was evidence: a verdict may follow from the parameters or the event alone.
    fn is_from_evidence(&self) -> bool {
        let Report { trails, remedies, calls, .. } = self.report;
        !(trails.is_empty() && remedies.is_empty() && calls.is_empty())
    }

    /// Whether nothing needs to be done about trails that do not pass.
    fn is_compliant(&self) -> bool {
        self.report.compliance_type == Some(ComplianceType::Compliant)
    }

    /// One passing trail is enough: beside it, others that fail are no alarm.
    fn mark(&self, trail: &TrailReport) -> Mark {
        let mark = match trail.result {
            TrailResult::Pass => PASS,
            TrailResult::Fail => FAIL,
            TrailResult::Unknown => UNKNOWN,
            TrailResult::Hidden => HIDDEN,
        };
        if self.is_compliant() && mark != PASS { Mark { sign: "none", ..mark } } else { mark }
    }

    /// The sign of a fact: beside a passing trail, those of others are no alarm.
    fn mark_of_fact(&self, fact: &Fact) -> &'static str {
        match fact.met {
            Some(true) => "pass",
            Some(false) if !self.is_compliant() => "fail",
            None if !self.is_compliant() => "unsure",
            Some(false) | None => "none",
        }
    }

    /// How the trail satisfies the rule, unless the verdict says just that.
    fn satisfaction<'t>(&self, trail: &'t TrailReport) -> Option<&'t str> {
        trail.satisfaction.as_deref().filter(|text| *text != self.report.annotation)
    }

    /// Whether the verdict or what stands at the trail has this sentence.
    fn says(&self, trail: &TrailReport, sentence: &str) -> bool {
        let of_trail = trail.satisfaction.iter().chain(trail.reasons.iter().map(|reason| &reason.text));
        std::iter::once(&self.report.annotation).chain(of_trail).any(|text| text.contains(sentence))
    }

    fn passing_in_words(&self) -> String {
        let trails = &self.report.trails;
        match trails.iter().filter(|trail| trail.result == TrailResult::Pass).count() {
            0 => "No trail passes. The rule needs one.".to_owned(),
            passing if passing < trails.len() => {
                let verb = if passing == 1 { "passes" } else { "pass" };
                format!(
                    "{passing} of {} {verb}. The rule needs one, so nothing has to be done about the others.",
                    trails.len()
                )
            }
            _ => "The rule needs one that passes.".to_owned(),
        }
    }

    /// The command that decides again from saved evidence.
    fn replay(&self) -> Command {
        let check = ["cloudtrail-all-regions", "check", "--evidence", "evidence.json"].map(str::to_owned);
        let given = self.report.rule_parameters.lines();
        let parameters = given.into_iter().flat_map(|parameter| ["--parameter".to_owned(), parameter]);
        Command::new(check.into_iter().chain(parameters))
    }
}

/// Prose and `code`, in turn, beginning with prose.
fn prose_and_code(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(index, part)| (index % 2 == 1, part))
}

/// Words, and points in time, which are not to be broken.
fn words_and_times(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split_inclusive(' ').flat_map(|word| {
        let is_edge = |character: char| !character.is_ascii_alphanumeric();
        let time = word.trim_matches(is_edge);
        if Timestamp::parse(time).is_err() {
            return [(false, word), (true, ""), (false, "")].into_iter().take(1);
        }
        let (before, rest) = word.split_at(word.len() - word.trim_start_matches(is_edge).len());
        [(false, before), (true, time), (false, &rest[time.len()..])].into_iter().take(3)
    })
}

fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn lower(words: &str) -> String {
    words.to_lowercase()
}

/// What a reader would not see, or HTML does not allow, is shown by its number; line breaks and tabs are the page's own.
fn visible(page: &str) -> Cow<'_, str> {
    let is_hidden = |character| is_hidden(character) && !matches!(character, '\n' | '\t');
    if !page.contains(is_hidden) {
        return Cow::Borrowed(page);
    }
    page.chars()
        .fold(String::with_capacity(page.len()), |mut shown, character| {
            if is_hidden(character) {
                shown.extend(character.escape_unicode());
            } else {
                shown.push(character);
            }
            shown
        })
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        report::Subject,
        rule::{parameters::InputParameters, provenance::SavedVerdict},
    };

    fn page(reports: &[Report]) -> String {
        let mut page = Vec::new();
        super::render(&reports.into(), &mut page).unwrap();
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn every_text_is_escaped() {
        let hostile = "<\">'&\u{202e}\u{1b}";
        let one = Report::of_text(hostile, Some(ComplianceType::NonCompliant));
        for reports in [vec![one.clone()], vec![one.clone(), one]] {
            let page = page(&reports);
            assert!(!page.contains("<\"") && !page.contains(['\u{202e}', '\u{1b}']));
            let escaped = page.matches("&#60;&#34;&#62;&#39;&#38;\\u{202e}\\u{1b}").count();
            assert!(escaped >= 20 * reports.len(), "{escaped}");
        }
    }

    #[test]
    fn the_same_reports_give_the_same_bytes() {
        let reports = || [Report::of_text("a", Some(ComplianceType::Compliant)), Report::of_text("b", None)];
        assert_eq!(page(&reports()), page(&reports()));
    }

    #[test]
    fn accounts_that_need_attention_come_first_and_each_is_there() {
        let of = |name: &str, verdict| Report { exceptions: Vec::new(), ..Report::of_text(name, verdict) };
        let page = page(&[
            of("not-applicable", Some(ComplianceType::NotApplicable)),
            of("compliant-1", Some(ComplianceType::Compliant)),
            of("no-verdict", None),
            of("compliant-2", Some(ComplianceType::Compliant)),
            of("non-compliant", Some(ComplianceType::NonCompliant)),
        ]);
        let order = ["non-compliant", "no-verdict", "compliant-1", "compliant-2", "not-applicable"];
        let places: Vec<usize> =
            order.iter().map(|name| page.find(&format!("Account {name} ({name})</span>")).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(page.contains("<title>1 non-compliant, 1 without verdict, 2 compliant, 1 not applicable - "));
    }

    #[test]
    fn the_policy_allows_the_style_sheet_and_nothing_else() {
        let page = page(&[Report::of_text("a", None)]);
        let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(page.contains(&format!("content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri")));
        assert!(!style.contains("url(") && !style.contains("@import"));
    }

    #[test]
    fn no_report_is_a_page_too() {
        assert!(page(&[]).contains("0 accounts"));
    }

    #[test]
    fn only_an_unanswered_call_is_told_as_transient() {
        let transient = "A transient error hid a fact that the verdict needs. Check again.";
        let mut one = Report::of_text("refused", None);
        one.trails[0].result = TrailResult::Unknown;
        let refused = page(&[one.clone()]);
        assert!(!refused.contains(transient) && refused.contains("No verdict was reached, for the reason below."));
        one.trails[0].result = TrailResult::Hidden;
        assert!(page(&[one.clone()]).contains(transient));
        // Weightier reasons hide the unanswered call.
        one.trails[0].result = TrailResult::Unknown;
        one.trails[0].reasons[0].code = Code::Unanswered;
        assert!(page(&[one]).contains(transient));
    }

    #[test]
    fn where_nothing_was_read_the_page_does_not_say_so() {
        let read = ["Evidence read", "What was read", "Deciding again"];
        let with = Report::of_text("a", Some(ComplianceType::NonCompliant));
        let saved = page(std::slice::from_ref(&with));
        assert!(read.iter().all(|words| saved.contains(words)));
        let unsaved = page(&[Report { content_sha256: None, ..with.clone() }]);
        assert_eq!(read.map(|words| unsaved.contains(words)), [true, true, false]);
        let subject = Subject {
            account_id: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            collected_at: with.collected_at.unwrap(),
            rule_parameters: InputParameters::default(),
        };
        let without = page(&[Report::without_evidence(subject, Vec::new())]);
        assert!(read.iter().all(|words| !without.contains(words)) && without.contains("Judged at"));
    }

    #[test]
    fn another_verdict_of_the_past_is_shown() {
        let mut report = Report::of_text("a", Some(ComplianceType::NonCompliant));
        let past = "When it was saved";
        assert!(page(&[report.clone()]).contains(past));
        report.saved_verdict =
            Some(SavedVerdict { compliance_type: report.compliance_type, annotation: report.annotation.clone() });
        assert!(!page(&[report]).contains(past));
    }

    #[test]
    fn a_point_in_time_among_words_is_found_and_nothing_is_lost() {
        let text =
            "is silent since 2026-11-24T20:13:52Z (4 h), (2026-11-25T00:00:00.5Z); 2026-11-25, é2026-11-24T20:13:52Z";
        let parts: Vec<(bool, &str)> = words_and_times(text).collect();
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), text);
        let times: Vec<&str> = parts.iter().filter(|(is_time, _)| *is_time).map(|(_, part)| *part).collect();
        assert_eq!(times, ["2026-11-24T20:13:52Z", "2026-11-25T00:00:00.5Z", "2026-11-24T20:13:52Z"]);
    }

    #[test]
    fn what_the_verdict_says_of_the_delivery_is_not_said_again_at_the_trail() {
        let line = "In each of the 17 enabled Regions CloudTrail delivered";
        let mut report = Report::of_text("a", Some(ComplianceType::Compliant));
        let delivery = report.trails[0].delivery.as_mut().unwrap();
        line.clone_into(&mut delivery.text);
        let said = |report: &Report| page(std::slice::from_ref(report)).matches(line).count();
        assert_eq!(said(&report), 1);
        report.annotation = format!("Trail x. {line}");
        assert_eq!(said(&report), 1);
        report.trails[0].satisfaction = Some(report.annotation.clone());
        assert_eq!(said(&report), 1);
        report.annotation = format!("{line}.");
        assert_eq!(said(&report), 2, "another sentence about the trail");
    }

    #[test]
    fn replaying_gives_the_parameters_again() {
        let mut report = Report::of_text("it's", None);
        report.rule_parameters =
            [("s3BucketName".to_owned(), json!("it's")), ("maxDeliveryAgeHours".to_owned(), json!(24))]
                .into_iter()
                .collect();
        let replay = Account { number: 1, verdict: mark_of(Standing::NoVerdict), report: &report }.replay();
        let arguments = shlex::split(&replay.to_string()).unwrap();
        assert_eq!(arguments[..4], ["cloudtrail-all-regions", "check", "--evidence", "evidence.json"]);
        assert_eq!(arguments[4..], ["--parameter", "maxDeliveryAgeHours=24", "--parameter", "s3BucketName=it's"]);
    }

    proptest! {
        #[test]
        fn what_can_be_seen_stays_as_it_is(text in "[ -~äöüß\u{627}-\u{64a}\u{5d0}-\u{5ea}\u{1f600}-\u{1f640}\n\t]{0,40}") {
            prop_assert_eq!(visible(&text), text.as_str());
        }
    }
}
