//! What a bank declares and books beyond accounts and transfers, right and wrong.

use journal::sim::Dice;
use ledger_core::{
    Booking, DayCut, InterestAssignment, InterestRate, InterestRun, Operation, Placement, PurposeRole,
    PurposeRule, Transfer, TransferFlags, UnitDeclaration,
};

use crate::chance::Chance;

/// The first business day: 2026-11-20.
const FIRST_DAY: u32 = 20_777;
/// Interest products, so few that accounts share them.
const PRODUCTS: u64 = 3;

/// The bank's own part of a stream of requests.
#[derive(Debug, Default)]
pub(crate) struct BankWorkload {
    /// The business day that should be open, if every request was taken.
    day: u32,
}

impl BankWorkload {
    /// A request that is not about accounts or plain transfers. `accounts` have ids from 1.
    pub(crate) fn next(&mut self, dice: &mut Dice, accounts: u64) -> (Operation, Vec<u8>) {
        match dice.below(12) {
            0 => (Operation::DeclareUnits, unit(dice).as_bytes().to_vec()),
            1 | 2 => (Operation::PlaceAccounts, placement(dice, accounts).as_bytes().to_vec()),
            3 => (Operation::SetPurposes, rule(dice, accounts).as_bytes().to_vec()),
            4..=6 => (Operation::CutDay, self.cut(dice).as_bytes().to_vec()),
            7 => (Operation::DeclareInterestRates, self.rate(dice, accounts).as_bytes().to_vec()),
            8 => (Operation::AssignInterest, assignment(dice, accounts).as_bytes().to_vec()),
            9 => (Operation::CapitaliseInterest, self.run(dice, accounts).as_bytes().to_vec()),
            _ => (Operation::AccrueInterest, self.run(dice, accounts).as_bytes().to_vec()),
        }
    }

    /// The transfer with what a bank's books may say about it; `newest` is the highest transfer id asked for.
    pub(crate) fn booking(&self, dice: &mut Dice, transfer: Transfer, newest: u64) -> Booking {
        let mut booking = Booking { transfer, ..Booking::default() };
        match dice.below(6) {
            0 | 1 => booking.value_date = self.day(dice),
            2 => booking.purpose = purpose(dice),
            3 if transfer.flags == TransferFlags::NONE => {
                booking.reverses = u128::from(1 + dice.number(newest.max(1)));
            }
            _ => {}
        }
        booking
    }

    fn cut(&mut self, dice: &mut Dice) -> DayCut {
        if self.day == 0 {
            self.day = FIRST_DAY;
            return DayCut { closes: 0, opens: FIRST_DAY, reserved: [0; 120] };
        }
        let closes = if dice.one_in(5) { self.day - 1 } else { self.day };
        let opens = closes + u32::from(!dice.one_in(8)) + u32::from(dice.one_in(4)) * 2;
        self.day = opens.max(FIRST_DAY);
        DayCut { closes, opens, reserved: [0; 120] }
    }

    /// A day around the one that is open.
    fn day(&self, dice: &mut Dice) -> u32 {
        let reach = if dice.one_in(10) { 400 } else { 4 };
        let around = u32::try_from(dice.number(2 * reach)).unwrap_or(0);
        (self.day.max(FIRST_DAY) + around).saturating_sub(u32::try_from(reach).unwrap_or(0))
    }

    fn rate(&self, dice: &mut Dice, accounts: u64) -> InterestRate {
        let product = number(dice, PRODUCTS);
        InterestRate {
            contra_account: account(dice, accounts),
            accrued_account: account(dice, accounts),
            product,
            from: if dice.one_in(3) { self.day(dice) } else { FIRST_DAY },
            ppm: dice.pick(&[36_500, 5_000_000, -20_000, 100_000_000]),
            code: 1,
            // A product is declared alike each time, mostly.
            side: u8::from(product == 2),
            day_count: if dice.one_in(6) { 4 } else { 0 },
            rounding: dice.pick(&[0, 0, 0, 0, 7]),
            remainder: 0,
            reserved: [0; 78],
        }
    }

    fn run(&self, dice: &mut Dice, accounts: u64) -> InterestRun {
        let through = if dice.one_in(6) { self.day(dice) } else { self.day.saturating_sub(1) };
        InterestRun { account: account(dice, accounts), through, reserved: [0; 108] }
    }
}

fn number(dice: &mut Dice, most: u64) -> u32 {
    u32::try_from(dice.number(most)).unwrap_or(0)
}

fn account(dice: &mut Dice, accounts: u64) -> u128 {
    u128::from(1 + dice.number(accounts))
}

fn purpose(dice: &mut Dice) -> u16 {
    dice.pick(&[1, 2, 3])
}

fn unit(dice: &mut Dice) -> UnitDeclaration {
    let code = dice.pick(&["XAU-G", "600519.SH", "bad"]);
    UnitDeclaration::new(999 + number(dice, 4), code, dice.pick(&[0, 3]))
}

fn placement(dice: &mut Dice, accounts: u64) -> Placement {
    // Most accounts that stand below another one soon stand below none, so that transfers are possible.
    let control = if dice.one_in(3) { account(dice, accounts) } else { 0 };
    Placement { account: account(dice, accounts), control, reserved: [0; 96] }
}

fn rule(dice: &mut Dice, accounts: u64) -> PurposeRule {
    let purposes = if dice.flip() { vec![] } else { vec![purpose(dice)] };
    let role = if dice.one_in(4) { PurposeRole::SpentOn } else { PurposeRole::PaidFor };
    PurposeRule::new(account(dice, accounts), role, &purposes)
}

fn assignment(dice: &mut Dice, accounts: u64) -> InterestAssignment {
    InterestAssignment {
        account: account(dice, accounts),
        product: number(dice, PRODUCTS),
        reserved: [0; 108],
    }
}
