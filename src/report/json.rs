//! The reports as they are, for programs: `report.schema.json` describes the document.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

use super::{
    FORMAT_VERSION, Report,
    changes::Changes,
    control::{CONTROL, Control, TOOL, Tool},
    organization::{Organization, Unit},
    reports::Reports,
    summary::Summary,
    text::is_hidden,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'r> {
    format_version: u32,
    tool: Tool,
    control: Control,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'r Changes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Tree<'r>>,
    accounts: Vec<&'r Report>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tree<'r> {
    id: Option<&'r str>,
    management_account_id: Option<&'r str>,
    problems: &'r [String],
    organizational_units: Vec<Unit<'r>>,
}

impl<'r> Tree<'r> {
    fn of(organization: &'r Organization, accounts: &[Report]) -> Self {
        Self {
            id: organization.id.as_deref(),
            management_account_id: organization.management_account_id.as_deref(),
            problems: &organization.problems,
            organizational_units: organization.units(accounts),
        }
    }
}

/// The reports as one document.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        format_version: FORMAT_VERSION,
        tool: TOOL,
        control: CONTROL,
        summary: reports.summary(),
        changes: reports.changes,
        organization: reports.organization.map(|organization| Tree::of(organization, reports.accounts)),
        accounts: reports.shown().collect(),
    };
    pretty(&document, out)
}

/// An indented document that ends in a line break.
pub(crate) fn pretty(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write(document, PrettyFormatter::new(), out)
}

/// A document in one line.
pub(super) fn line(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write(document, CompactFormatter, out)
}

fn write(document: &impl Serialize, layout: impl Formatter, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(&mut *out, Visible(layout)))?;
    writeln!(out)
}

/// A layout in which a string's hidden characters are escapes.
struct Visible<F>(F);

macro_rules! as_the_layout {
    ($($method:ident($($argument:ident: $type:ty)?))*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, out: &mut W $(, $argument: $type)?) -> io::Result<()> {
            self.0.$method(out $(, $argument)?)
        }
    )*};
}

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for part in fragment.split_inclusive(is_hidden) {
            let seen = part.trim_end_matches(is_hidden);
            out.write_all(seen.as_bytes())?;
            part[seen.len()..].encode_utf16().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
        }
        Ok(())
    }

    as_the_layout! {
        begin_array()
        end_array()
        begin_array_value(is_first: bool)
        end_array_value()
        begin_object()
        end_object()
        begin_object_key(is_first: bool)
        begin_object_value()
        end_object_value()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #[test]
        fn hidden_characters_are_escapes_and_the_document_is_the_same(text: String) {
            let document = json!({"text": text, text.as_str(): [text, {}, []]});
            let (mut indented, mut compact) = (Vec::new(), Vec::new());
            pretty(&document, &mut indented).unwrap();
            line(&document, &mut compact).unwrap();
            for shown in [indented, compact] {
                prop_assert_eq!(&serde_json::from_slice::<Value>(&shown).unwrap(), &document);
                prop_assert!(!String::from_utf8(shown).unwrap().replace('\n', "").contains(is_hidden));
            }
        }

        #[test]
        fn what_can_be_seen_is_written_as_serde_json_does(text in "[ -~ü\u{1f600}]{0,20}") {
            let document = json!({"text": text, "list": [1, null, {}, []]});
            let mut shown = Vec::new();
            pretty(&document, &mut shown).unwrap();
            line(&document, &mut shown).unwrap();
            prop_assert_eq!(String::from_utf8(shown).unwrap(), format!("{document:#}\n{document}\n"));
        }
    }

    #[test]
    fn a_character_beyond_the_basic_plane_is_two_escapes() {
        let mut shown = Vec::new();
        line(&"a\u{202e}\u{7f}\u{e0001}b\u{1b}", &mut shown).unwrap();
        assert_eq!(String::from_utf8(shown).unwrap(), "\"a\\u202e\\u007f\\udb40\\udc01b\\u001b\"\n");
    }
}
