//! Exceptions: what is known, accepted, owned by somebody and dated. A verdict stays what it is; an exception stands beside
//! it. `exceptions.schema.json` describes the file.

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;
use time::{Date, Duration, Month, OffsetDateTime};
use toml::{Spanned, Value};

use super::{Excepted, Report, Standing};
use crate::rule::{
    account_reasons::AccountCode, arn::is_account_id, reasons::Code, spelling::or_nearest, timestamp::Timestamp,
};

/// The exceptions of a file, in its order.
#[derive(Debug, Clone, Default)]
pub struct Exceptions(Vec<Exception>);

/// An accepted deviation.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Where it begins in the file, from 1.
    pub line: usize,
    subjects: Vec<Subject>,
    reasons: Vec<Excepting>,
    justification: String,
    owner: String,
    expires: Date,
}

/// Whose deviation is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Account(String),
    /// Every account in it, and in the organizational units below.
    OrganizationalUnit(String),
}

/// What is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excepting {
    /// Every reason.
    All,
    /// This reason of any trail.
    Trail(Code),
    /// This reason of the account.
    Account(AccountCode),
}

/// What a file says that is no valid exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct InvalidException {
    /// Where, from 1.
    pub line: usize,
    what: String,
}

/// Why an account is not simply compliant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reasons {
    /// Each of them is known.
    All(Vec<Excepting>),
    /// There may be more than can be told, so that only `all` excepts them.
    NotAllKnown,
}

impl Reasons {
    /// Those of a report; none where nothing is to be excepted.
    #[must_use]
    pub fn of(report: &Report) -> Option<Self> {
        match report.standing() {
            Standing::Compliant | Standing::NotApplicable | Standing::NotChecked => None,
            Standing::NonCompliant | Standing::NotVerified | Standing::NoVerdict => {
                // What an aggregator keeps are words, which may be cut.
                if report.source.is_some() && report.reason.is_none() && report.trail_codes.is_empty() {
                    return Some(Self::NotAllKnown);
                }
                let judged = report.trails.iter().flat_map(|trail| &trail.reasons).map(|reason| reason.code);
                let of_trails = judged.chain(report.trail_codes.iter().copied()).map(Excepting::Trail);
                Some(Self::All(report.reason.map(Excepting::Account).into_iter().chain(of_trails).collect()))
            }
        }
    }
}

/// An account, as exceptions name it.
#[derive(Debug, Clone, Copy)]
pub struct Named<'n> {
    /// Its id.
    pub account_id: &'n str,
    /// The ids of the organizational units that it is in, in any order; none where that is not known.
    pub organizational_units: Option<&'n [String]>,
}

/// What is to be said of an exception beside the verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where the exception begins in the file, from 1.
    pub line: usize,
    /// Whether it needs attention.
    pub is_warning: bool,
    /// What is to be said.
    pub text: String,
}

impl Excepting {
    const ALL: &str = "all";

    fn parse(text: &str) -> Option<Self> {
        if text == Self::ALL {
            return Some(Self::All);
        }
        let of_trail = Code::ALL.iter().find(|code| code.as_str() == text).copied().map(Self::Trail);
        let of_account = || AccountCode::ALL.iter().find(|code| code.as_str() == text).copied().map(Self::Account);
        of_trail.or_else(of_account)
    }

    fn valid() -> impl Iterator<Item = &'static str> {
        let of_account = AccountCode::ALL.iter().map(|code| code.as_str());
        std::iter::once(Self::ALL).chain(Code::ALL.iter().map(|code| code.as_str())).chain(of_account)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    exception: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    accounts: Option<Spanned<Vec<Spanned<String>>>>,
    organizational_units: Option<Spanned<Vec<Spanned<String>>>>,
    reasons: Spanned<Vec<Spanned<String>>>,
    justification: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<Value>,
}

/// A file that is being read.
struct Reader<'t> {
    text: &'t str,
    today: Date,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn refuse<T>(&self, at: &Spanned<T>, what: impl Into<String>) -> InvalidException {
        InvalidException { line: self.line(at.span().start), what: what.into() }
    }

    fn exception(&self, entry: &Spanned<Entry>) -> Result<Exception, InvalidException> {
        let Entry { accounts, organizational_units, reasons, justification, owner, expires } = entry.get_ref();
        let subjects = match (accounts, organizational_units) {
            (Some(accounts), None) => self.list(accounts, "accounts", |id| {
                is_account_id(id)
                    .then(|| Subject::Account(id.to_owned()))
                    .ok_or_else(|| format!("`{id}` is no account id; valid are 12 digits, in quotes"))
            })?,
            (None, Some(units)) => self.list(units, "organizational-units", |id| {
                is_organizational_unit(id).then(|| Subject::OrganizationalUnit(id.to_owned())).ok_or_else(|| {
                    format!("`{id}` is no id of an organizational unit; valid is one such as ou-ab12-cdefgh34")
                })
            })?,
            (None, None) => {
                return Err(self.refuse(entry, "neither accounts nor organizational-units is given"));
            }
            (Some(_), Some(units)) => {
                return Err(
                    self.refuse(units, "both accounts and organizational-units are given; valid is one of them")
                );
            }
        };
        let reasons = self.list(reasons, "reasons", |code| {
            Excepting::parse(code).ok_or_else(|| {
                let nearest = or_nearest(code, Excepting::valid());
                format!("`{code}` is no reason{nearest}; valid are \"all\" and the codes that `explain` lists")
            })
        })?;
        Ok(Exception {
            line: self.line(entry.span().start),
            subjects,
            reasons,
            justification: self.text("justification", justification)?,
            owner: self.text("owner", owner)?,
            expires: self.date(expires)?,
        })
    }

    /// A list of at least one, in which nothing stands twice.
    fn list<T: PartialEq>(
        &self,
        list: &Spanned<Vec<Spanned<String>>>,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, InvalidException> {
        let mut parsed = Vec::new();
        for item in list.get_ref() {
            let value = parse(item.get_ref()).map_err(|what| self.refuse(item, format!("{name}: {what}")))?;
            if parsed.contains(&value) {
                return Err(self.refuse(item, format!("{name}: `{}` is given twice", item.get_ref())));
            }
            parsed.push(value);
        }
        if parsed.is_empty() {
            return Err(self.refuse(list, format!("{name} is empty")));
        }
        Ok(parsed)
    }

    fn text(&self, name: &str, text: &Spanned<String>) -> Result<String, InvalidException> {
        let trimmed = text.get_ref().trim();
        if trimmed.is_empty() {
            return Err(self.refuse(text, format!("{name} is empty")));
        }
        Ok(trimmed.to_owned())
    }

    fn date(&self, expires: &Spanned<Value>) -> Result<Date, InvalidException> {
        let written = match expires.get_ref() {
            Value::Datetime(written) if written.time.is_none() && written.offset.is_none() => written.date,
            _ => None,
        };
        let date = written.and_then(|date| {
            Date::from_calendar_date(i32::from(date.year), Month::try_from(date.month).ok()?, date.day).ok()
        });
        let date = date.ok_or_else(|| {
            self.refuse(expires, "expires is no date; valid is one such as 2027-03-31, without quotes")
        })?;
        let latest = a_year_after(self.today);
        if date > latest {
            return Err(self.refuse(expires, format!("expires is {date}; valid is at most a year ahead, {latest}")));
        }
        Ok(date)
    }
}

/// As AWS writes them (AWS Organizations API, `OrganizationalUnit`).
fn is_organizational_unit(id: &str) -> bool {
    let is_word = |word: &str, least: usize| {
        (least..=32).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let parts = id.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, own)| is_word(root, 4) && is_word(own, 8))
}

/// The same day of the next year; the last of February has one in every year.
fn a_year_after(day: Date) -> Date {
    day.replace_year(day.year() + 1).unwrap_or_else(|_| day.saturating_add(Duration::days(365)))
}

/// The day in UTC.
fn day_of(now: Timestamp) -> Date {
    OffsetDateTime::from_unix_timestamp(now.epoch_milliseconds().div_euclid(1000))
        .map_or(Date::MAX, OffsetDateTime::date)
}

impl Exceptions {
    /// How long before its end an exception is listed.
    pub const NOTICE: Duration = Duration::days(30);

    /// Reads a file: TOML, one `[[exception]]` each.
    ///
    /// # Errors
    /// It is no TOML, has an unknown key or reason, lacks what is required, names something twice, or an exception that
    /// holds for longer than a year from `now`.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, InvalidException> {
        let reader = Reader { text, today: day_of(now) };
        let document: Document = toml::from_str(text).map_err(|error| InvalidException {
            line: reader.line(error.span().map_or(0, |span| span.start)),
            what: error.message().trim().replace('\n', ", "),
        })?;
        let mut exceptions: Vec<Exception> = Vec::new();
        for entry in &document.exception {
            let exception = reader.exception(entry)?;
            if let Some((earlier, subject, reason)) = exceptions.iter().find_map(|earlier| earlier.same_as(&exception))
            {
                let what =
                    format!("{subject} and {reason} are excepted in line {earlier}, too; valid is one exception");
                return Err(InvalidException { line: exception.line, what });
            }
            exceptions.push(exception);
        }
        Ok(Self(exceptions))
    }

    /// Puts beside each verdict what excepts it, and says what is to be said of the exceptions themselves. `units` tells
    /// in which organizational units an account is, if that is known.
    pub fn apply<'u>(
        &self,
        reports: &mut [Report],
        units: impl Fn(&str) -> Option<&'u [String]>,
        now: Timestamp,
    ) -> Vec<Note> {
        let mut applied = Applied::new(self, now);
        for report in reports {
            let Some(account_id) = &report.account_id else { continue };
            let named = Named { account_id, organizational_units: units(account_id) };
            let excepted = applied.to(named, Reasons::of(report).as_ref());
            report.exceptions = excepted;
        }
        applied.notes()
    }
}

/// Exceptions while accounts are held against them.
#[derive(Debug)]
pub struct Applied<'e> {
    exceptions: &'e [Exception],
    today: Date,
    /// The lines of those that name an account.
    naming: BTreeSet<usize>,
    /// The lines of those that except a reason.
    excepting: BTreeSet<usize>,
    are_units_known: bool,
}

impl<'e> Applied<'e> {
    /// Nothing was held against them yet.
    #[must_use]
    pub fn new(exceptions: &'e Exceptions, now: Timestamp) -> Self {
        let (naming, excepting) = Default::default();
        Self { exceptions: &exceptions.0, today: day_of(now), naming, excepting, are_units_known: true }
    }

    /// What excepts an account: every exception that is needed for its reasons; none unless all of them are excepted.
    pub fn to(&mut self, named: Named<'_>, reasons: Option<&Reasons>) -> Vec<Excepted> {
        self.are_units_known &= named.organizational_units.is_some();
        let naming: Vec<&Exception> = self
            .exceptions
            .iter()
            .filter(|exception| exception.names(named) && exception.is_valid(self.today))
            .collect();
        self.naming.extend(naming.iter().map(|exception| exception.line));
        let wanted = match reasons {
            None => return Vec::new(),
            Some(Reasons::All(reasons)) => reasons.as_slice(),
            Some(Reasons::NotAllKnown) => &[Excepting::All],
        };
        let mut excepted: Vec<&Exception> = Vec::new();
        let mut are_all = !wanted.is_empty();
        for reason in wanted {
            let found = naming.iter().filter(|exception| exception.excepts(*reason)).max_by_key(|found| found.expires);
            let Some(found) = found else {
                are_all = false;
                continue;
            };
            self.excepting.insert(found.line);
            if !excepted.iter().any(|earlier| earlier.line == found.line) {
                excepted.push(found);
            }
        }
        if are_all { excepted.into_iter().map(Exception::shown).collect() } else { Vec::new() }
    }

    /// What is to be said after the last account: expired ones, those that except nothing, and those that soon expire.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let notes = self.exceptions.iter().filter_map(|exception| {
            let Exception { line, expires, owner, .. } = exception;
            let (is_warning, text) = if !exception.is_valid(self.today) {
                (true, format!("expired on {expires} and is not applied (owner {owner})"))
            } else if !self.naming.contains(line) {
                let is_unknown = exception.is_of_units() && !self.are_units_known;
                let why = if is_unknown { "; which organizational units they are in is not known" } else { "" };
                (true, format!("names none of the accounts{why}"))
            } else if !self.excepting.contains(line) {
                (true, "excepts nothing: no account that it names has its reasons".to_owned())
            } else if *expires <= self.today.saturating_add(Exceptions::NOTICE) {
                (false, format!("expires on {expires} (owner {owner})"))
            } else {
                return None;
            };
            Some(Note { line: *line, is_warning, text })
        });
        notes.collect()
    }
}

impl Exception {
    fn is_valid(&self, today: Date) -> bool {
        today <= self.expires
    }

    fn is_of_units(&self) -> bool {
        self.subjects.iter().any(|subject| matches!(subject, Subject::OrganizationalUnit(_)))
    }

    fn names(&self, named: Named<'_>) -> bool {
        self.subjects.iter().any(|subject| match subject {
            Subject::Account(id) => id == named.account_id,
            Subject::OrganizationalUnit(id) => named.organizational_units.is_some_and(|units| units.contains(id)),
        })
    }

    fn excepts(&self, reason: Excepting) -> bool {
        self.reasons.contains(&reason) || self.reasons.contains(&Excepting::All)
    }

    /// What both except for the same subject, with this one's line.
    fn same_as(&self, other: &Self) -> Option<(usize, String, String)> {
        let subject = self.subjects.iter().find(|subject| other.subjects.contains(subject))?;
        let reason = self.reasons.iter().find(|reason| other.reasons.contains(reason))?;
        let (Subject::Account(subject) | Subject::OrganizationalUnit(subject)) = subject;
        Some((self.line, subject.clone(), reason.to_string()))
    }

    fn shown(&self) -> Excepted {
        Excepted { expires: self.expires, owner: self.owner.clone(), justification: self.justification.clone() }
    }
}

impl fmt::Display for Excepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => Self::ALL,
            Self::Trail(code) => code.as_str(),
            Self::Account(code) => code.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = r#"
[[exception]]
accounts = ["111122223333"]
reasons = ["single-region"]
justification = "Sandbox, emptied every night"
owner = "team-sandbox@example.com"
expires = 2027-03-31
"#;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-25T12:00:00Z").unwrap()
    }

    fn parse(text: &str) -> Result<Exceptions, InvalidException> {
        Exceptions::parse(text, now())
    }

    /// An exception for each of these lines, with what every one needs.
    fn exceptions(of: &[&str]) -> Exceptions {
        let head = "[[exception]]\njustification = 'j'\nowner = 'o'\n";
        let whole: Vec<String> = of.iter().map(|lines| format!("{head}{lines}\n")).collect();
        parse(&whole.concat()).unwrap()
    }

    fn named<'n>(account_id: &'n str, organizational_units: Option<&'n [String]>) -> Named<'n> {
        Named { account_id, organizational_units }
    }

    fn trail(codes: &[Code]) -> Reasons {
        Reasons::All(codes.iter().copied().map(Excepting::Trail).collect())
    }

    #[test]
    fn each_error_has_its_line_and_says_what_is_valid() {
        parse(VALID).unwrap();
        for (from, to, line, what) in [
            ("[[exception]]", "[[exceptions]]", 2, "unknown field `exceptions`, expected `exception`"),
            ("owner", "owners", 6, "unknown field `owners`"),
            ("owner = \"team-sandbox@example.com\"\n", "", 2, "missing field `owner`"),
            ("owner = ", "owner = \"x\"\nowner = ", 7, "duplicate key"),
            ("team-sandbox@example.com", "  ", 6, "owner is empty"),
            ("Sandbox, emptied every night", "", 5, "justification is empty"),
            ("\"Sandbox, emptied every night\"", "7", 5, "expected a string"),
            ("[\"single-region\"]", "[]", 4, "reasons is empty"),
            ("single-region", "single-regions", 4, "`single-regions` is no reason; the nearest is"),
            ("\"single-region\"", "\"all\",\n\"all\"", 5, "`all` is given twice"),
            ("111122223333", "11112222333", 3, "`11112222333` is no account id; valid are 12 digits"),
            (
                "accounts = [\"111122223333\"]",
                "organizational-units = [\"r-ab12\"]",
                3,
                "`r-ab12` is no id of an organ",
            ),
            ("accounts = [\"111122223333\"]\n", "", 2, "neither accounts nor organizational-units is given"),
            (
                "reasons",
                "organizational-units = [\"ou-ab12-cdefgh34\"]\nreasons",
                4,
                "both accounts and organizational-units are given",
            ),
            ("2027-03-31", "\"2027-03-31\"", 7, "expires is no date; valid is one such as 2027-03-31, without quotes"),
            ("2027-03-31", "2027-03-31T00:00:00Z", 7, "expires is no date"),
            ("2027-03-31", "2027-02-30", 7, ""),
            ("2027-03-31", "2027-11-26", 7, "expires is 2027-11-26; valid is at most a year ahead, 2027-11-25"),
        ] {
            let text = VALID.replacen(from, to, 1);
            let error = parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{error}\n{text}");
            assert!(error.what.contains(what) && !error.what.contains('\n'), "{what}: {error}");
        }
        let error = parse(&format!("{VALID}{VALID}")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 9: 111122223333 and single-region are excepted in line 2, too; valid is one exception"
        );
    }

    #[test]
    fn an_account_is_excepted_only_if_every_reason_is() {
        let file = exceptions(&[
            "accounts = ['111122223333']\nreasons = ['single-region']\nexpires = 2027-01-31",
            "accounts = ['111122223333']\nreasons = ['not-logging']\nexpires = 2027-03-31",
        ]);
        let mut applied = Applied::new(&file, now());
        let mut count = |account, reasons| applied.to(named(account, None), Some(&reasons)).len();
        assert_eq!(count("111122223333", trail(&[Code::SingleRegion])), 1);
        assert_eq!(count("111122223333", trail(&[Code::SingleRegion, Code::SingleRegion])), 1);
        assert_eq!(count("111122223333", trail(&[Code::SingleRegion, Code::NotLogging])), 2);
        assert_eq!(count("111122223333", trail(&[Code::SingleRegion, Code::ReadOnly])), 0);
        assert_eq!(count("111122223333", Reasons::All(vec![Excepting::Account(AccountCode::NoTrail)])), 0);
        assert_eq!(count("111122223333", Reasons::All(Vec::new())), 0, "what is not known is not excepted");
        assert_eq!(count("444455556666", trail(&[Code::SingleRegion])), 0);
        assert_eq!(count("111122223333", Reasons::NotAllKnown), 0, "what was cut may hold another reason");
    }

    #[test]
    fn all_excepts_every_reason_also_those_that_are_not_known() {
        let file = exceptions(&["accounts = ['111122223333']\nreasons = ['all']\nexpires = 2027-01-31"]);
        let mut applied = Applied::new(&file, now());
        for reasons in
            [Reasons::NotAllKnown, trail(Code::ALL), Reasons::All(vec![Excepting::Account(AccountCode::Unreachable)])]
        {
            assert_eq!(applied.to(named("111122223333", None), Some(&reasons)).len(), 1);
        }
        assert_eq!(applied.to(named("111122223333", None), None), Vec::new(), "what is compliant needs none");
    }

    #[test]
    fn an_organizational_unit_stands_for_every_account_below_it() {
        let file = exceptions(&[
            "organizational-units = ['ou-ab12-cdefgh34']\nreasons = ['single-region']\nexpires = 2027-01-31",
        ]);
        let reasons = trail(&[Code::SingleRegion]);
        let units = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let (inside, outside) = (units(&["ou-ab12-cdefgh34", "ou-ab12-below000"]), units(&["ou-ab12-cdefgh35"]));
        let mut applied = Applied::new(&file, now());
        assert_eq!(applied.to(named("111122223333", Some(&outside)), Some(&reasons)), Vec::new());
        assert_eq!(applied.notes()[0].text, "names none of the accounts");
        assert_eq!(applied.to(named("111122223333", Some(&inside)), Some(&reasons)).len(), 1);
        assert_eq!(applied.notes(), Vec::new());
        let mut unknown = Applied::new(&file, now());
        assert_eq!(unknown.to(named("111122223333", None), Some(&reasons)), Vec::new());
        assert!(unknown.notes()[0].text.contains("is not known"));
    }

    #[test]
    fn expired_unmatched_and_expiring_exceptions_are_said() {
        let of = |expires: &str| {
            exceptions(&[&format!("accounts = ['111122223333']\nreasons = ['single-region']\nexpires = {expires}")])
        };
        let said = |expires: &str, account: &str, codes: &[Code]| {
            let file = of(expires);
            let mut applied = Applied::new(&file, now());
            let excepted = applied.to(named(account, None), Some(&trail(codes))).len();
            let note = applied.notes().pop();
            (excepted, note.map(|note| (note.is_warning, note.text)))
        };
        let own = "111122223333";
        let single = &[Code::SingleRegion];
        let warning = |text: &str| Some((true, text.to_owned()));
        let note = |text: &str| Some((false, text.to_owned()));
        assert_eq!(said("2026-11-24", own, single), (0, warning("expired on 2026-11-24 and is not applied (owner o)")));
        assert_eq!(said("2026-11-25", own, single), (1, note("expires on 2026-11-25 (owner o)")), "to the day's end");
        assert_eq!(said("2026-12-25", own, single), (1, note("expires on 2026-12-25 (owner o)")));
        assert_eq!(said("2026-12-26", own, single), (1, None));
        assert_eq!(said("2026-12-26", "444455556666", single), (0, warning("names none of the accounts")));
        let nothing = "excepts nothing: no account that it names has its reasons";
        assert_eq!(said("2026-12-26", own, &[Code::ReadOnly]), (0, warning(nothing)));
    }

    #[test]
    fn a_year_ahead_is_the_same_day() {
        let day = |year, month, day| Date::from_calendar_date(year, month, day).unwrap();
        assert_eq!(a_year_after(day(2026, Month::November, 25)), day(2027, Month::November, 25));
        assert_eq!(a_year_after(day(2028, Month::February, 29)), day(2029, Month::February, 28));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_within_its_lines(text in "(?s).{0,200}") {
            if let Err(error) = parse(&text) {
                prop_assert!((1..=1 + text.matches('\n').count()).contains(&error.line), "{error}");
            }
        }
    }
}
