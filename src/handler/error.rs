//! How an invocation fails.

use crate::{
    aws::{DeadlineExceeded, fault::CallError, put_evaluations::ReportError},
    invocation::InvalidInvocation,
    rule::Indeterminate,
};

/// Why nothing, or not all, was reported. Lambda tries again, and its on-failure destination keeps the event.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event, or the function's set-up for it, cannot be worked with.
    #[error("the invocation is invalid")]
    InvalidInvocation(#[source] InvalidInvocation),
    /// The function's own ARN has no account.
    #[error(
        "the function's ARN `{invoked_function_arn}` is invalid; valid: arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME"
    )]
    InvalidFunctionArn {
        /// As Lambda gave it.
        invoked_function_arn: String,
    },
    /// The event is another account's, and the function knows no role to assume there.
    #[error(
        "account {account_id} is not the function's own ({function_account_id}): set the environment variable \
         MEMBER_ROLE_NAME to the name of the role to assume there"
    )]
    NoMemberRoleName {
        /// The account of the event.
        account_id: String,
        /// The account of the function.
        function_account_id: String,
    },
    /// `MEMBER_ROLE_NAME` is no role's name.
    #[error("MEMBER_ROLE_NAME is `{member_role_name}`; valid: a role's name, with its path if it has one, and no ARN")]
    InvalidMemberRoleName {
        /// As it is set.
        member_role_name: String,
    },
    /// The member role cannot be assumed.
    #[error("cannot assume {role_arn}")]
    AssumeRole {
        /// The role.
        role_arn: String,
        /// Why.
        source: CallError,
    },
    /// The function's own credentials or clock are wrong.
    #[error("cannot collect evidence")]
    Collect {
        /// Why.
        source: CallError,
        /// Whether the credentials are a member role's.
        is_member: bool,
    },
    /// No verdict may be given.
    #[error(transparent)]
    Indeterminate(Indeterminate),
    /// The account's row was not stored.
    #[error("cannot report")]
    Report {
        /// Why.
        source: ReportError,
        /// Whether the credentials are a member role's.
        is_member: bool,
    },
    /// Lambda's deadline is a second away.
    #[error(transparent)]
    DeadlineExceeded(DeadlineExceeded),
}

impl HandlerError {
    /// The stable error type that Lambda, its metrics and its on-failure destination show.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidInvocation(_) | Self::InvalidFunctionArn { .. } => "InvalidInvocation",
            Self::NoMemberRoleName { .. } | Self::InvalidMemberRoleName { .. } | Self::AssumeRole { .. } => {
                "AssumeRoleFailed"
            }
            Self::Collect { .. } => "CollectFailed",
            Self::Indeterminate(_) => "Indeterminate",
            Self::Report { .. } => "ReportFailed",
            Self::DeadlineExceeded(_) => "DeadlineExceeded",
        }
    }

    pub(super) fn of_report(error: ReportError, is_member: bool) -> Self {
        match error {
            ReportError::DeadlineExceeded(late) => Self::DeadlineExceeded(late),
            source => Self::Report { source, is_member },
        }
    }

    pub(super) fn is_expired_member_session(&self) -> bool {
        match self {
            Self::Collect { source, is_member } | Self::Report { source: ReportError::Call(source), is_member } => {
                *is_member && source.is_expired_credentials()
            }
            _ => false,
        }
    }
}
