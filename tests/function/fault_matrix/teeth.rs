//! The matrix has teeth: were a read that failed taken for a value, some cell of its call would end otherwise than is
//! written.

use cloudtrail_all_regions::rule::{
    evidence::{Evidence, Observed, Refusal, TrailStatus},
    judge,
    parameters::RuleParameters,
};

use super::{cell::Ran, outcomes::Cell};

/// What a careless reader makes of a read that failed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lie {
    RefusedIsDefault,
    UnansweredIsDefault,
    UnreadStatusIsLogging,
    OutageAtHomeIsForgotten,
}

impl Lie {
    fn told_of(self, mut evidence: Evidence) -> Evidence {
        self.tell(&mut evidence.trails);
        let Observed::Known(trails) = &mut evidence.trails else { return evidence };
        for trail in trails {
            if let Some(status) = &mut trail.get_trail_status {
                self.tell(status);
                if matches!(self, Self::UnreadStatusIsLogging) && status.known().is_none() {
                    *status = Observed::Known(TrailStatus { is_logging: Some(true), ..TrailStatus::default() });
                }
            }
            if let Some(selectors) = &mut trail.get_event_selectors {
                self.tell(selectors);
            }
        }
        evidence
    }

    fn tell<T: Default>(self, observed: &mut Observed<T>) {
        let is_told = matches!(
            (self, &*observed),
            (Self::RefusedIsDefault, Observed::Refused { .. })
                | (Self::UnansweredIsDefault, Observed::Unanswered { .. })
        );
        if is_told {
            *observed = Observed::Known(T::default());
        }
        if let (Self::OutageAtHomeIsForgotten, Observed::Unanswered { unanswered }) = (self, &*observed)
            && unanswered.home_region_code.is_some()
        {
            *observed = Observed::Refused { refused: Refusal { home_region_code: None, ..unanswered.clone() } };
        }
    }
}

/// Whether the cell's evidence comes to what is written.
fn ends_as_written(cell: &Cell, evidence: &Evidence) -> bool {
    let parameters = RuleParameters { trail_results: true, ..RuleParameters::default() };
    let could_not_verify = "Could not verify";
    let ends = match judge(evidence, &parameters).evaluations {
        Ok(rows) => (
            rows[0].compliance_type.as_str(),
            rows.iter().any(|row| row.annotation.as_str().starts_with(could_not_verify)),
        ),
        Err(_) => ("Indeterminate", false),
    };
    ends == (cell.outcome.end.ends.as_str(), cell.outcome.end.could_not_verify)
}

/// Each of the lies turns some of these cells red.
pub(super) fn turn_red(lies: &[Lie], ran: &[Ran]) {
    let collected: Vec<(&Cell, &Evidence)> =
        ran.iter().filter_map(|ran| Some((&ran.cell, ran.evidence.as_ref()?))).collect();
    for (cell, evidence) in &collected {
        assert!(ends_as_written(cell, evidence), "{} x {}", cell.call, cell.fault);
    }
    for lie in lies {
        let is_red = |(cell, evidence): &(&Cell, &Evidence)| !ends_as_written(cell, &lie.told_of((*evidence).clone()));
        assert!(collected.iter().any(is_red), "{lie:?} turns no cell red");
    }
}
