use clap::{Args, Subcommand};
use legion_api::{BudgetFor, BudgetRequest, ReconcileRequest};

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Budgets of model calls through the gateway
///
/// All that a call stands under must hold: call, run, agent, subtree, ticket, session, day (UTC).
#[derive(Debug, Args)]
pub(crate) struct BudgetArgs {
    #[command(subcommand)]
    pub verb: BudgetVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BudgetVerb {
    /// Set one; effective with the next call
    Set {
        /// call, run, agent, subtree, ticket, session or day: each of them; with =NAME for one, such as ticket=3
        #[arg(value_name = "SCOPE[=NAME]")]
        scope: String,
        /// Dollars, such as 2 or 0.25
        #[arg(value_name = "DOLLARS")]
        limit: String,
    },
    /// Show all of them, and what a service left open when it died
    List,
    /// Remove one
    Remove {
        #[arg(value_name = "SCOPE[=NAME]")]
        scope: String,
    },
    /// Say what was really spent of money that a service had set aside when it died
    Reconcile {
        /// One allowance; all that are left open when absent
        allowance: Option<String>,
        /// Dollars, besides what is settled
        #[arg(long, value_name = "DOLLARS")]
        spent: String,
    },
}

pub(crate) async fn run(context: Context<'_>, args: &BudgetArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    match &args.verb {
        BudgetVerb::Set { scope, limit } => {
            project.set_budget(&BudgetRequest { of: of(scope), limit: limit.clone() }).await?;
        }
        BudgetVerb::List => {}
        BudgetVerb::Remove { scope } => project.remove_budget(&of(scope)).await?,
        BudgetVerb::Reconcile { allowance, spent } => {
            let request = ReconcileRequest { allowance: allowance.clone(), spent: spent.clone() };
            let reconciled = project.reconcile(&request).await?;
            if output.json {
                output.document(&reconciled)?;
            } else {
                output.line(&format!("reconciled {}", reconciled.allowances.len()))?;
            }
            return Ok(exit::DONE);
        }
    }
    let list = project.budgets().await?;
    if output.json {
        output.document(&list)?;
    } else {
        output.data(&view::budgets(&list, &output.look()))?;
    }
    Ok(exit::DONE)
}

fn of(text: &str) -> BudgetFor {
    match text.split_once('=') {
        Some((scope, name)) => BudgetFor { scope: scope.to_owned(), name: Some(name.to_owned()) },
        None => BudgetFor { scope: text.to_owned(), name: None },
    }
}
