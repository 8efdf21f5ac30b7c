//! `prove`: what was delivered to the bucket, Region by Region, beside what `check` finds.

use clap::Args;

use super::{
    check::Evaluate,
    delivery::Asked,
    error::{CliError, Exit},
    since::Since,
    terminal::Terminal,
};

/// Prove from the log files themselves that every enabled Region delivers, under AWS's own signature
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions prove
  cloudtrail-all-regions prove --bucket-role arn:aws:iam::111122223333:role/proof-reader
  cloudtrail-all-regions prove --wait
  cloudtrail-all-regions prove --verify 24h --save-evidence proof.json --format html --output proof.html
  cloudtrail-all-regions prove --evidence proof.json")]
pub(super) struct Prove {
    #[command(flatten)]
    evaluate: Evaluate,
    #[command(flatten)]
    asked: Asked,
}

impl Prove {
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        Box::pin(self.evaluate.run(Some(&self.asked), &Since::default(), terminal)).await
    }
}
