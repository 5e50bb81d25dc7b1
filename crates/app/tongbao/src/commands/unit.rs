//! `tongbao unit …`.

use ledger_api::{NewUnit, UnitList};

use super::Bank;
use super::table::{Align, Table};
use crate::cli::UnitCommand;
use crate::output::Output;

pub(super) async fn run(bank: &Bank, command: UnitCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        UnitCommand::Declare { code, ledger, digits } => {
            let unit = client.declare_unit(&NewUnit { code, ledger, minor_digits: digits }).await?;
            let word = if unit.replayed { "was declared before" } else { "is declared" };
            output.result(&unit.value, || {
                format!("unit {code} {word}: ledger {ledger}, {digits} digits after the point")
            })
        }
        UnitCommand::List => {
            let list = client.units().await?;
            output.result(&list, || table(&list))
        }
    }
}

fn table(list: &UnitList) -> String {
    if list.units.is_empty() {
        return "no units are declared; currencies of ISO 4217 need no declaration".to_owned();
    }
    let mut table = Table::new(&[("UNIT", Align::Left), ("LEDGER", Align::Right), ("DIGITS", Align::Right)]);
    for unit in &list.units {
        table.row([unit.code.to_string(), unit.ledger.to_string(), unit.minor_digits.to_string()]);
    }
    table.to_string()
}
