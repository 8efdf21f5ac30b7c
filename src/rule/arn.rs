//! Amazon Resource Names.

/// An ARN, taken apart: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'t> {
    /// Such as `aws` or `aws-cn`.
    pub partition: &'t str,
    /// Such as `cloudtrail`.
    pub service: &'t str,
    /// Empty for what is of no Region.
    pub region: &'t str,
    /// Empty for what is of no account.
    pub account_id: &'t str,
    /// All that follows, further colons included.
    pub resource: &'t str,
}

impl<'t> Arn<'t> {
    /// Takes text apart as if it were an ARN; a part that is missing is empty. For names that AWS gives, of which any part
    /// may be a fact and none is a reason to refuse the rest.
    #[must_use]
    pub fn split(text: &'t str) -> Self {
        let mut parts = text.splitn(6, ':').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        Self { partition: next(), service: next(), region: next(), account_id: next(), resource: next() }
    }

    /// Reads an ARN: it begins with `arn`, and names partition, service and resource.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let arn = Self::split(text);
        let is_arn = text.starts_with("arn:") && ![arn.partition, arn.service, arn.resource].contains(&"");
        is_arn.then_some(arn)
    }
}

/// Whether the text is an account id: 12 digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts_and_the_last_may_have_colons() {
        let arn = Arn::parse("arn:aws:logs:us-east-1:123456789012:log-group:trail:*");
        let parts = arn.map(|arn| [arn.partition, arn.service, arn.region, arn.account_id, arn.resource]);
        assert_eq!(parts, Some(["aws", "logs", "us-east-1", "123456789012", "log-group:trail:*"]));
        assert!(Arn::parse("arn:aws:iam::123456789012:role/x").is_some());
        for text in
            ["", "x", "arn:aws:s3", "urn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:", "arn::s3:::b"]
        {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn of_what_is_no_arn_the_parts_that_are_there_are_told() {
        let arn = Arn::split("x:aws:cloudtrail:eu-west-1");
        assert_eq!([arn.region, arn.account_id, arn.resource], ["eu-west-1", "", ""]);
        assert_eq!(Arn::split("").partition, "");
    }
}
