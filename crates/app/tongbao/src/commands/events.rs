//! The events of a request in the journal, as JSON.

use ledger_core::{
    Account, Booking, DayCut, InterestAssignment, InterestRate, InterestRun, Operation, Placement,
    PurposeRule, Transfer, UnitDeclaration,
};
use serde_json::{Value, json};

/// The events in the body of a request; nothing if the operation has none or is not known.
pub(super) fn of(operation: u16, body: &[u8]) -> Vec<Value> {
    let Some(operation) = u8::try_from(operation).ok().and_then(|number| Operation::try_from(number).ok())
    else {
        return Vec::new();
    };
    let read: fn(&[u8]) -> Option<Value> = match operation {
        Operation::CreateAccounts => |bytes| Account::from_bytes(bytes).map(|event| account(&event)),
        Operation::CreateTransfers => |bytes| Transfer::from_bytes(bytes).map(|event| transfer(&event)),
        Operation::CreateBookings => |bytes| Booking::from_bytes(bytes).map(|event| booking(&event)),
        Operation::DeclareUnits => |bytes| UnitDeclaration::from_bytes(bytes).map(|event| unit(&event)),
        Operation::PlaceAccounts => |bytes| Placement::from_bytes(bytes).map(|event| placement(&event)),
        Operation::SetPurposes => |bytes| PurposeRule::from_bytes(bytes).map(|event| purposes(&event)),
        Operation::CutDay => |bytes| DayCut::from_bytes(bytes).map(|event| cut(&event)),
        Operation::DeclareInterestRates => |bytes| InterestRate::from_bytes(bytes).map(|event| rate(&event)),
        Operation::AssignInterest => {
            |bytes| InterestAssignment::from_bytes(bytes).map(|event| assignment(&event))
        }
        Operation::AccrueInterest | Operation::CapitaliseInterest => {
            |bytes| InterestRun::from_bytes(bytes).map(|event| run(&event))
        }
        Operation::Pulse => return Vec::new(),
    };
    body.chunks_exact(operation.event_bytes()).filter_map(read).collect()
}

fn account(account: &Account) -> Value {
    let flags: Vec<&str> = account.flags.names().collect();
    json!({ "account": account.id.to_string(), "ledger": account.ledger, "code": account.code, "flags": flags })
}

fn transfer(transfer: &Transfer) -> Value {
    let flags: Vec<&str> = transfer.flags.names().collect();
    json!({
        "transfer": transfer.id.to_string(), "debit": transfer.debit_account_id.to_string(),
        "credit": transfer.credit_account_id.to_string(), "amount_minor": transfer.amount.to_string(),
        "ledger": transfer.ledger, "code": transfer.code, "flags": flags,
    })
}

/// A day as it is written; as the bare number if it is none.
fn day(days: u32) -> Value {
    match calendar::Date::from_days(days) {
        Ok(date) if days > 0 => json!(date),
        _ => json!(days),
    }
}

fn booking(booking: &Booking) -> Value {
    let mut value = transfer(&booking.transfer);
    if booking.reverses != 0 {
        value["reverses"] = json!(booking.reverses.to_string());
    }
    if booking.value_date != 0 {
        value["value_date"] = day(booking.value_date);
    }
    if booking.purpose != 0 {
        value["purpose"] = json!(booking.purpose);
    }
    value
}

fn unit(unit: &UnitDeclaration) -> Value {
    json!({ "unit": unit.code(), "ledger": unit.ledger, "minor_digits": unit.minor_digits })
}

fn placement(placement: &Placement) -> Value {
    json!({ "account": placement.account.to_string(), "above": placement.control.to_string() })
}

fn purposes(rule: &PurposeRule) -> Value {
    let purposes: Vec<u16> = rule.purposes.iter().copied().take_while(|purpose| *purpose != 0).collect();
    json!({ "account": rule.account.to_string(), "role": rule.role, "purposes": purposes })
}

fn cut(cut: &DayCut) -> Value {
    json!({ "closes": day(cut.closes), "opens": day(cut.opens) })
}

fn rate(rate: &InterestRate) -> Value {
    json!({
        "product": rate.product, "from": day(rate.from), "rate_ppm": rate.ppm, "code": rate.code,
        "contra": rate.contra_account.to_string(), "accrued": rate.accrued_account.to_string(),
    })
}

fn assignment(assignment: &InterestAssignment) -> Value {
    json!({ "account": assignment.account.to_string(), "product": assignment.product })
}

fn run(run: &InterestRun) -> Value {
    json!({ "account": run.account.to_string(), "through": day(run.through) })
}
