//! What a bank declares and books, out of arbitrary bytes: mostly close enough to good to be judged on its merits.

use arbitrary::{Result, Unstructured};
use ledger_core::{
    Booking, DayCut, InterestAssignment, InterestRate, InterestRun, Operation, Placement, PurposeRule,
    UnitDeclaration,
};

use crate::script::{events, id, rarely, transfer};

/// The days there are; few, so that they meet.
const DAYS: u32 = 90;

/// One of the operations beyond accounts and transfers, and its body.
pub(crate) fn operation(u: &mut Unstructured<'_>, clock: u64) -> Result<(Operation, Vec<u8>)> {
    let operation = *u.choose(&[
        Operation::CreateBookings,
        Operation::CreateBookings,
        Operation::DeclareUnits,
        Operation::PlaceAccounts,
        Operation::SetPurposes,
        Operation::CutDay,
        Operation::DeclareInterestRates,
        Operation::AssignInterest,
        Operation::AccrueInterest,
        Operation::CapitaliseInterest,
    ])?;
    let body = match operation {
        Operation::CreateBookings => events(u, |u| Ok(booking(u, clock)?.as_bytes().to_vec()))?,
        Operation::DeclareUnits => events(u, |u| Ok(unit(u)?.as_bytes().to_vec()))?,
        Operation::PlaceAccounts => events(u, |u| Ok(placement(u)?.as_bytes().to_vec()))?,
        Operation::SetPurposes => events(u, |u| Ok(rule(u)?.as_bytes().to_vec()))?,
        Operation::CutDay => cut(u)?.as_bytes().to_vec(),
        Operation::DeclareInterestRates => events(u, |u| Ok(rate(u)?.as_bytes().to_vec()))?,
        Operation::AssignInterest => events(u, |u| Ok(assignment(u)?.as_bytes().to_vec()))?,
        _ => events(u, |u| Ok(run(u)?.as_bytes().to_vec()))?,
    };
    Ok((operation, body))
}

fn booking(u: &mut Unstructured<'_>, clock: u64) -> Result<Booking> {
    Ok(Booking {
        transfer: transfer(u, clock)?,
        reverses: if u.ratio(1_u8, 4)? { id(u, 32)? } else { 0 },
        value_date: if u.ratio(1_u8, 2)? { day(u)? } else { 0 },
        purpose: if u.ratio(1_u8, 4)? { u.int_in_range(0..=3)? } else { 0 },
        ..Booking::default()
    })
}

fn unit(u: &mut Unstructured<'_>) -> Result<UnitDeclaration> {
    let code: [u8; 12] = if u.ratio(1_u8, 4)? { u.arbitrary()? } else { *b"XAU-G\0\0\0\0\0\0\0" };
    let ledger = u.int_in_range(998..=1_003)?;
    let unit = UnitDeclaration::new(ledger, "", u.int_in_range(0..=20)?);
    Ok(UnitDeclaration { code, ..unit })
}

fn placement(u: &mut Unstructured<'_>) -> Result<Placement> {
    Ok(Placement { account: id(u, 8)?, control: id(u, 8)?, reserved: [0; 96] })
}

fn rule(u: &mut Unstructured<'_>) -> Result<PurposeRule> {
    let mut purposes = [0; 48];
    for place in &mut purposes[..u.int_in_range(0..=3)?] {
        *place = u.int_in_range(0..=4)?;
    }
    Ok(PurposeRule { account: id(u, 8)?, role: u.int_in_range(0..=3)?, reserved: [0; 14], purposes })
}

fn cut(u: &mut Unstructured<'_>) -> Result<DayCut> {
    let opens = day(u)?;
    let closes = if u.ratio(1_u8, 2)? { opens.saturating_sub(1) } else { day(u)? };
    Ok(DayCut { closes, opens, reserved: [0; 120] })
}

fn rate(u: &mut Unstructured<'_>) -> Result<InterestRate> {
    Ok(InterestRate {
        contra_account: id(u, 8)?,
        accrued_account: id(u, 8)?,
        product: u.int_in_range(0..=2)?,
        from: day(u)?,
        ppm: if u.ratio(1_u8, 4)? { u.arbitrary()? } else { u.int_in_range(-50_000..=100_000_000)? },
        code: rarely(u, 1, |u| u.int_in_range(0..=2))?,
        side: u.int_in_range(0..=2)?,
        day_count: u.int_in_range(0..=5)?,
        rounding: u.int_in_range(0..=7)?,
        remainder: u.int_in_range(0..=2)?,
        reserved: [0; 78],
    })
}

fn assignment(u: &mut Unstructured<'_>) -> Result<InterestAssignment> {
    Ok(InterestAssignment { account: id(u, 8)?, product: u.int_in_range(0..=2)?, reserved: [0; 108] })
}

fn run(u: &mut Unstructured<'_>) -> Result<InterestRun> {
    Ok(InterestRun { account: id(u, 8)?, through: day(u)?, reserved: [0; 108] })
}

fn day(u: &mut Unstructured<'_>) -> Result<u32> {
    rarely(u, 0, |u| u.arbitrary()).and_then(|odd| match odd {
        0 => u.int_in_range(0..=DAYS),
        odd => Ok(odd),
    })
}
