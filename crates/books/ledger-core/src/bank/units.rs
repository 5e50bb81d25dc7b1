//! What the amounts of ledgers are counted in.

use std::collections::BTreeMap;

use super::UnitDeclaration;
use crate::Ledger;
use crate::status::DeclarationStatus as Status;

/// The most units of a shard.
const UNITS_MAX: usize = 10_000;

/// Ledgers below this number are those of ISO 4217.
const LEDGER_FIRST: u32 = 1000;

const MINOR_DIGITS_MAX: u8 = 18;

/// The declared units by ledger. None is ever changed or taken back: what was booked keeps its meaning.
#[derive(Default)]
pub(crate) struct Units(BTreeMap<u32, UnitDeclaration>);

impl UnitDeclaration {
    /// Declares that amounts of `ledger` are counted in `code`, with `minor_digits` after the point. A code of more than
    /// twelve bytes is cut, and refused by the ledger if what is left is malformed.
    pub fn new(ledger: u32, code: &str, minor_digits: u8) -> Self {
        let mut bytes = [0; 12];
        bytes.iter_mut().zip(code.bytes()).for_each(|(place, byte)| *place = byte);
        Self { ledger, minor_digits, reserved: [0; 3], code: bytes, reserved_tail: [0; 108] }
    }

    /// The code as text; `None` if it is malformed.
    pub fn code(&self) -> Option<&str> {
        let len = self.code.iter().position(|byte| *byte == 0).unwrap_or(self.code.len());
        let (code, tail) = self.code.split_at(len);
        let is_allowed =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b".-".contains(byte);
        let is_currency = len == 3 && code.iter().all(u8::is_ascii_uppercase);
        let is_code = len >= 2
            && code.iter().all(is_allowed)
            && code.iter().any(u8::is_ascii_uppercase)
            && code[0].is_ascii_alphanumeric()
            && tail.iter().all(|byte| *byte == 0)
            && !is_currency;
        if is_code { std::str::from_utf8(code).ok() } else { None }
    }
}

impl Units {
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &UnitDeclaration> {
        self.0.values()
    }

    pub(crate) fn declare(&mut self, unit: &UnitDeclaration) -> Status {
        if unit.reserved != [0; 3] || unit.reserved_tail != [0; 108] {
            return Status::ReservedField;
        }
        if unit.ledger == 0 {
            return Status::LedgerMustNotBeZero;
        }
        if unit.ledger < LEDGER_FIRST {
            return Status::LedgerIsCurrency;
        }
        if unit.code().is_none() {
            return Status::UnitCodeMalformed;
        }
        if unit.minor_digits > MINOR_DIGITS_MAX {
            return Status::MinorDigitsOutOfRange;
        }
        match self.0.get(&unit.ledger) {
            Some(existing) if existing == unit => return Status::Exists,
            Some(_) => return Status::ExistsWithDifferentUnit,
            None => {}
        }
        if self.0.values().any(|other| other.code == unit.code) {
            return Status::UnitCodeTaken;
        }
        if self.0.len() >= UNITS_MAX {
            return Status::TooManyUnits;
        }
        self.0.insert(unit.ledger, *unit);
        Status::Created
    }
}

impl Ledger {
    /// The declared units, by ledger.
    pub fn units(&self) -> impl ExactSizeIterator<Item = &UnitDeclaration> {
        self.bank.units.iter()
    }
}
