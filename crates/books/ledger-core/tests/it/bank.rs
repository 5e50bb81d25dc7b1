//! What banks need beyond accounts and transfers: units, control accounts, purposes, business days, value dates and
//! reversals.

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, Booked, Booking, CreateTransferStatus as Status, DayCut,
    DeclarationStatus as Declared, Ledger, Operation, Outcome, Placement, PurposeRole, PurposeRule, Transfer,
    TransferFlags, UnitDeclaration,
};

const DAY: u64 = 86_400_000_000_000;
/// 2026-11-20, a Friday.
const FRIDAY: u32 = 20_777;
const MONDAY: u32 = FRIDAY + 3;

/// A ledger, and a clock that moves by a microsecond with every request.
pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) now: u64,
}

impl Books {
    /// No accounts, early on Friday.
    pub(crate) fn empty() -> Self {
        Self { ledger: Ledger::new(), now: u64::from(FRIDAY) * DAY }
    }

    /// Accounts 1 to 9 in ledger 203; account 9 may be overdrawn, the others not.
    pub(crate) fn new() -> Self {
        let mut books = Self::empty();
        for id in 1..=9 {
            let limit = AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS;
            books.open(id, 203, if id == 9 { AccountFlags::NONE } else { limit });
        }
        books
    }

    pub(crate) fn open(&mut self, id: u128, ledger: u32, flags: AccountFlags) {
        let account = Account { id, ledger, code: 1, flags, ..Account::default() };
        assert_eq!(self.request(Operation::CreateAccounts, account.as_bytes()), [u32::MAX], "account {id}");
    }

    pub(crate) fn request(&mut self, operation: Operation, body: &[u8]) -> Vec<u32> {
        self.now += 1_000_000;
        let mut out = Vec::new();
        self.ledger.apply(operation, Timestamp(self.now), body, &mut out).unwrap();
        self.ledger.check_invariants().unwrap();
        out.chunks_exact(16).map(|outcome| Outcome::from_bytes(outcome).unwrap().status).collect()
    }

    pub(crate) fn book_all(&mut self, bookings: &[Booking]) -> Vec<Status> {
        let body: Vec<u8> = bookings.iter().flat_map(|booking| booking.as_bytes().to_vec()).collect();
        let statuses = self.request(Operation::CreateBookings, &body);
        statuses.into_iter().map(|status| Status::from_u32(status).unwrap()).collect()
    }

    pub(crate) fn book(&mut self, booking: Booking) -> Status {
        self.book_all(&[booking])[0]
    }

    pub(crate) fn pay(&mut self, id: u128, from: u128, to: u128, amount: u128) -> Status {
        let transfer = transfer(id, from, to, amount);
        let statuses = self.request(Operation::CreateTransfers, transfer.as_bytes());
        Status::from_u32(statuses[0]).unwrap()
    }

    pub(crate) fn declare(&mut self, operation: Operation, body: &[u8]) -> Declared {
        Declared::from_u32(self.request(operation, body)[0]).unwrap()
    }

    pub(crate) fn place(&mut self, account: u128, control: u128) -> Declared {
        let placement = Placement { account, control, reserved: [0; 96] };
        self.declare(Operation::PlaceAccounts, placement.as_bytes())
    }

    pub(crate) fn rule(&mut self, account: u128, role: PurposeRole, purposes: &[u16]) -> Declared {
        self.declare(Operation::SetPurposes, PurposeRule::new(account, role, purposes).as_bytes())
    }

    pub(crate) fn cut(&mut self, closes: u32, opens: u32) -> Declared {
        self.declare(Operation::CutDay, DayCut { closes, opens, reserved: [0; 120] }.as_bytes())
    }

    pub(crate) fn booked(&self, id: u128) -> Booked {
        self.ledger.transfer(id).unwrap().booked
    }

    /// Control accounts with what is above and below them, and the sum of posted debits and credits.
    fn tree(&self) -> String {
        let line = |control: ledger_core::ControlAccount| {
            let (debits, credits) = (control.line.debits_posted.get(), control.line.credits_posted.get());
            format!(
                "{} below {:?}: {} accounts, {} directly, debits {} credits {}\n",
                control.account.id,
                control.above.unwrap_or(0),
                control.line.accounts,
                control.below,
                debits.unwrap(),
                credits.unwrap()
            )
        };
        self.ledger.control_accounts().into_iter().map(line).collect()
    }

    /// The ledger after its snapshot was read back is the same ledger.
    pub(crate) fn restored(&self) -> Self {
        let mut bytes = Vec::new();
        self.ledger.snapshot(&mut bytes);
        let ledger = Ledger::restore(&bytes).unwrap();
        let mut again = Vec::new();
        ledger.snapshot(&mut again);
        assert!(bytes == again, "a restored ledger writes the snapshot it was read from");
        Self { ledger, now: self.now }
    }
}

pub(crate) fn transfer(id: u128, from: u128, to: u128, amount: u128) -> Transfer {
    let (debit_account_id, credit_account_id) = (from, to);
    Transfer { id, debit_account_id, credit_account_id, amount, ledger: 203, code: 1, ..Transfer::default() }
}

pub(crate) fn booking(id: u128, from: u128, to: u128, amount: u128) -> Booking {
    Booking { transfer: transfer(id, from, to, amount), ..Booking::default() }
}

fn flagged(booking: Booking, flags: TransferFlags) -> Booking {
    Booking { transfer: Transfer { flags, ..booking.transfer }, ..booking }
}

#[test]
fn a_ledger_is_counted_in_its_unit_for_good() {
    let mut books = Books::new();
    let mut declare = |ledger, code: &str, digits| {
        books.declare(Operation::DeclareUnits, UnitDeclaration::new(ledger, code, digits).as_bytes())
    };
    assert_eq!(declare(1_000, "XAU-G", 3), Declared::Created);
    assert_eq!(declare(1_000, "XAU-G", 3), Declared::Exists);
    assert_eq!(declare(1_000, "XAU-G", 4), Declared::ExistsWithDifferentUnit);
    assert_eq!(declare(1_001, "XAU-G", 3), Declared::UnitCodeTaken);
    assert_eq!(declare(1_001, "600519.SH", 0), Declared::Created);
    assert_eq!(declare(0, "AB", 0), Declared::LedgerMustNotBeZero);
    assert_eq!(declare(999, "AB", 0), Declared::LedgerIsCurrency);
    assert_eq!(declare(1_002, "AB", 19), Declared::MinorDigitsOutOfRange);
    for code in ["", "A", "CNY", "ab", "12", "1.2", ".A", "A B", "A\0B", "Ä"] {
        assert_eq!(declare(1_002, code, 0), Declared::UnitCodeMalformed, "{code:?}");
    }
    let mut odd = UnitDeclaration::new(1_002, "AB", 0);
    odd.reserved_tail[107] = 1;
    assert_eq!(books.declare(Operation::DeclareUnits, odd.as_bytes()), Declared::ReservedField);
    let units = |books: &Books| -> Vec<String> {
        books.ledger.units().map(|unit| unit.code().unwrap().to_owned()).collect()
    };
    assert_eq!(units(&books), ["XAU-G", "600519.SH"]);
    assert_eq!(units(&books.restored()), ["XAU-G", "600519.SH"]);
}

#[test]
fn a_control_account_is_the_sum_of_the_accounts_below_it() {
    let mut books = Books::new();
    // 100 above 101 and 102; 1 and 2 below 101, 3 below 102.
    for id in [100, 101, 102] {
        books.open(id, 203, AccountFlags::NONE);
    }
    for (account, control) in [(101, 100), (102, 100), (1, 101), (2, 101), (3, 102)] {
        assert_eq!(books.place(account, control), Declared::Created);
    }
    assert_eq!(books.place(1, 101), Declared::Exists);
    for (id, to, amount) in [(1, 1, 700), (2, 2, 30), (3, 3, 5), (4, 4, 1)] {
        assert_eq!(books.pay(id, 9, to, amount), Status::Created);
    }
    assert_eq!(books.pay(5, 1, 2, 200), Status::Created);
    let before = books.tree();
    expect![[r#"
        100 below 0: 3 accounts, 2 directly, debits 200 credits 935
        101 below 100: 2 accounts, 2 directly, debits 200 credits 930
        102 below 100: 1 accounts, 1 directly, debits 0 credits 5
    "#]]
    .assert_eq(&before);
    assert_eq!(books.restored().tree(), before);

    assert_eq!(books.pay(6, 9, 101, 1), Status::CreditAccountIsControl);
    assert_eq!(books.pay(7, 101, 9, 1), Status::DebitAccountIsControl);
    assert_eq!(books.pay(7, 1, 9, 1), Status::IdAlreadyFailed, "it could have succeeded another time");

    // Sums move with the account, and an account that lost all below it takes postings again.
    assert_eq!(books.place(3, 101), Declared::Created);
    assert_eq!(books.place(2, 0), Declared::Created);
    expect![[r#"
        100 below 0: 3 accounts, 2 directly, debits 200 credits 705
        101 below 100: 2 accounts, 2 directly, debits 200 credits 705
    "#]]
    .assert_eq(&books.tree());
    assert_eq!(books.pay(8, 9, 102, 4), Status::Created);
    assert_eq!(books.place(4, 102), Declared::ControlHasTransfers);
    let balance = books.ledger.trial_balance();
    let line = balance[&(203, 1)];
    assert!(line.is_balanced() && line.accounts == 12 && line.debits_posted.get() == Some(940));

    let below = |control, after| books.ledger.accounts_below(control, after, 2);
    let ids = |found: &ledger_core::Found<Account, u128>| -> Vec<u128> {
        found.records.iter().map(|account| account.id).collect()
    };
    assert_eq!(ids(&below(Some(101), None)), [1, 3]);
    let top = below(None, None);
    assert_eq!((ids(&top), top.next), (vec![2, 4], Some(4)));
    assert_eq!(ids(&below(None, top.next)), [5, 6]);
    assert!(below(Some(77), None).records.is_empty() && below(None, Some(77)).records.is_empty());
    assert_eq!(books.ledger.control_of(3), Some(101));
    assert_eq!((books.ledger.control_of(2), books.ledger.control_of(77)), (None, None));
}

#[test]
fn a_tree_has_one_ledger_no_circle_and_eight_levels() {
    let mut books = Books::new();
    for id in 100..110 {
        books.open(id, 203, AccountFlags::NONE);
    }
    books.open(200, 840, AccountFlags::NONE);
    assert_eq!(books.place(77, 100), Declared::AccountNotFound);
    assert_eq!(books.place(1, 77), Declared::ControlNotFound);
    assert_eq!(books.place(1, 200), Declared::ControlHasDifferentLedger);
    assert_eq!(books.place(1, 1), Declared::ControlIsBelowAccount);
    let odd = Placement { account: 1, control: 100, reserved: [1; 96] };
    assert_eq!(books.declare(Operation::PlaceAccounts, odd.as_bytes()), Declared::ReservedField);
    for id in 100..106 {
        assert_eq!(books.place(id + 1, id), Declared::Created);
    }
    // 100 to 106 are seven levels: one more fits, two do not.
    assert_eq!(books.place(100, 106), Declared::ControlIsBelowAccount);
    assert_eq!(books.place(1, 106), Declared::Created);
    assert_eq!(books.place(2, 1), Declared::TreeTooDeep);
    assert_eq!(books.place(108, 107), Declared::Created);
    assert_eq!(books.place(107, 106), Declared::TreeTooDeep);
    assert_eq!(books.place(107, 105), Declared::Created);
    assert_eq!(books.place(109, 108), Declared::TreeTooDeep);
    // What is below counts, too: 100 with seven levels below it cannot come below another account.
    assert_eq!(books.place(100, 109), Declared::TreeTooDeep);
    assert_eq!(books.place(107, 0), Declared::Created);
    assert_eq!(books.place(1, 0), Declared::Created);
    assert_eq!(books.place(100, 109), Declared::Created, "106 is an ordinary account again");
    let restored = books.restored();
    assert_eq!(restored.tree(), books.tree());
}

/// Farmer 1, the bank's earmark account 2, seed merchant 3, bar 4. Purpose 5 is seed, 6 is fertiliser.
#[test]
fn a_hold_for_seed_is_posted_to_a_seed_merchant_only() {
    let mut books = Books::new();
    assert_eq!(books.pay(1, 9, 1, 1_000), Status::Created);
    assert_eq!(books.rule(2, PurposeRole::SpentOn, &[5]), Declared::Created);
    assert_eq!(books.rule(2, PurposeRole::PaidFor, &[5]), Declared::Created);
    assert_eq!(books.rule(3, PurposeRole::PaidFor, &[6, 5, 5]), Declared::Created);
    assert_eq!(books.rule(3, PurposeRole::PaidFor, &[5, 6]), Declared::Exists);
    assert_eq!(books.ledger.purposes_of(3, PurposeRole::PaidFor), [5, 6]);

    let hold = |id, purpose| Booking { purpose, ..flagged(booking(id, 1, 2, 400), TransferFlags::PENDING) };
    assert_eq!(books.book(hold(10, 6)), Status::CreditAccountNotForPurpose, "not earmarked for fertiliser");
    assert_eq!(books.book(hold(11, 5)), Status::Created);
    let spend = |id, to, amount| {
        let mut post = flagged(booking(id, 0, 0, amount), TransferFlags(0b101));
        post.transfer.pending_id = 11;
        (post.transfer.ledger, post.transfer.code) = (0, 0);
        [post, Booking { purpose: 5, ..booking(id + 1, 2, to, amount) }]
    };
    let refused = [Status::LinkedEventFailed, Status::CreditAccountNotForPurpose];
    assert_eq!(books.book_all(&spend(20, 4, 300)), refused, "the bar");
    assert_eq!(books.book_all(&spend(30, 3, 300)), [Status::Created; 2]);
    assert_eq!(books.booked(30).purpose, 5, "posting is for the purpose of the hold");
    let available = |id| {
        let account = books.ledger.account(id).unwrap();
        account.credits_posted - account.debits_posted - account.debits_pending
    };
    assert_eq!([available(1), available(2), available(3)], [700, 0, 300]);

    // A plain transfer is held to the rule of the account as well.
    assert_eq!(books.pay(40, 9, 2, 50), Status::Created);
    assert_eq!(books.pay(41, 2, 4, 50), Status::CreditAccountNotForPurpose);
    assert_eq!(books.pay(42, 2, 3, 20), Status::Created);
    let other = Booking { purpose: 6, ..booking(43, 2, 3, 20) };
    assert_eq!(books.book(other), Status::DebitAccountNotForPurpose);
    assert_eq!(
        books.book(Booking { purpose: 5, ..booking(44, 1, 4, 1) }),
        Status::CreditAccountNotForPurpose
    );

    let mut restored = books.restored();
    assert_eq!(restored.pay(45, 2, 4, 10), Status::CreditAccountNotForPurpose);
    assert_eq!(books.rule(2, PurposeRole::SpentOn, &[]), Declared::Created);
    assert_eq!(books.pay(45, 2, 4, 10), Status::Created);
}

#[test]
fn a_merchant_who_lost_the_approval_is_not_paid_from_an_old_hold() {
    let mut books = Books::new();
    assert_eq!(books.pay(1, 9, 1, 1_000), Status::Created);
    assert_eq!(books.rule(3, PurposeRole::PaidFor, &[5]), Declared::Created);
    let hold = Booking { purpose: 5, ..flagged(booking(10, 1, 3, 400), TransferFlags::PENDING) };
    assert_eq!(books.book(hold), Status::Created);
    let post = |id, purpose| {
        let mut post = flagged(booking(id, 0, 0, u128::MAX), TransferFlags::POST_PENDING_TRANSFER);
        post.transfer.pending_id = 10;
        (post.transfer.ledger, post.transfer.code) = (0, 0);
        Booking { purpose, ..post }
    };
    assert_eq!(books.book(post(20, 6)), Status::PendingTransferHasDifferentPurpose);
    assert_eq!(books.rule(3, PurposeRole::PaidFor, &[]), Declared::Created);
    assert_eq!(books.book(post(21, 0)), Status::CreditAccountNotForPurpose);
    assert_eq!(books.rule(3, PurposeRole::PaidFor, &[5]), Declared::Created);
    assert_eq!(books.book(post(22, 5)), Status::Created);
}

#[test]
fn rules_of_purposes_are_well_formed() {
    let mut books = Books::new();
    let good = PurposeRule::new(1, PurposeRole::SpentOn, &[1, 2]);
    let mut set = |rule: PurposeRule| books.declare(Operation::SetPurposes, rule.as_bytes());
    assert_eq!(set(PurposeRule { account: 77, ..good }), Declared::AccountNotFound);
    assert_eq!(set(PurposeRule { role: 3, ..good }), Declared::RoleUnknown);
    assert_eq!(set(PurposeRule { reserved: [1; 14], ..good }), Declared::ReservedField);
    for list in [&[2u16, 1][..], &[1, 1], &[0, 1], &[1, 0, 2]] {
        let mut rule = PurposeRule { purposes: [0; 48], ..good };
        rule.purposes[..list.len()].copy_from_slice(list);
        assert_eq!(set(rule), Declared::PurposesMalformed, "{list:?}");
    }
    assert_eq!(set(good), Declared::Created);
}

#[test]
fn a_day_ends_with_its_trial_balance() {
    let mut books = Books::new();
    assert_eq!(books.pay(1, 9, 1, 100), Status::Created);
    assert_eq!(books.booked(1).booking_date, FRIDAY, "by its timestamp, before business days are kept");
    assert_eq!(books.cut(FRIDAY, MONDAY), Declared::DayIsNotOpen);
    assert_eq!(books.cut(0, FRIDAY), Declared::Created);
    assert_eq!(books.cut(0, FRIDAY), Declared::Exists);
    assert_eq!(books.pay(2, 9, 1, 10), Status::Created);
    books.now += DAY;
    assert_eq!(books.pay(3, 9, 1, 5), Status::Created);
    assert_eq!(books.booked(3).booking_date, FRIDAY, "on Saturday, Friday is still open");
    assert_eq!(books.cut(FRIDAY, FRIDAY), Declared::NextDayMustBeLater);
    assert_eq!(books.cut(MONDAY, MONDAY + 1), Declared::DayIsNotOpen);
    assert_eq!(books.cut(FRIDAY, 2_932_897), Declared::DateOutOfRange);
    assert_eq!(books.cut(FRIDAY, FRIDAY + 367), Declared::NextDayTooLate);
    assert_eq!(books.cut(0, 0), Declared::DateOutOfRange);
    assert_eq!(books.cut(FRIDAY, MONDAY), Declared::Created);
    assert_eq!(books.cut(FRIDAY, MONDAY), Declared::Exists);
    assert_eq!(books.pay(4, 9, 1, 1), Status::Created);
    assert_eq!((books.booked(4).booking_date, books.ledger.business_day()), (MONDAY, Some(MONDAY)));

    let restored = books.restored();
    assert_eq!(restored.ledger.closed_days(), books.ledger.closed_days());
    assert_eq!(restored.booked(3), books.booked(3));
    let [friday] = restored.ledger.closed_days() else { panic!("one day ended") };
    assert_eq!((friday.date, friday.next, friday.transfers), (FRIDAY, MONDAY, 3));
    let line = friday.lines[&(203, 1)];
    assert!(line.is_balanced() && line.debits_posted.get() == Some(115), "what came on Monday is not in it");
}

#[test]
fn a_value_date_lies_within_what_interest_can_correct() {
    let mut books = Books::new();
    assert_eq!(books.cut(0, FRIDAY), Declared::Created);
    let at = |id, value_date| Booking { value_date, ..booking(id, 9, 1, 10) };
    assert_eq!(books.book(at(1, FRIDAY - 36)), Status::ValueDateTooEarly);
    assert_eq!(books.book(at(2, FRIDAY - 35)), Status::Created);
    assert_eq!(books.book(at(3, FRIDAY + 366)), Status::Created);
    assert_eq!(books.book(at(4, FRIDAY + 367)), Status::ValueDateTooLate);
    assert_eq!(books.book(at(4, u32::MAX)), Status::ValueDateTooLate);
    assert_eq!(books.book(at(5, 0)), Status::Created);
    let dates = |books: &Books, id| (books.booked(id).booking_date, books.booked(id).value_date);
    for (id, value) in [(2, FRIDAY - 35), (3, FRIDAY + 366), (5, FRIDAY)] {
        assert_eq!(dates(&books, id), (FRIDAY, value));
        assert_eq!(dates(&books.restored(), id), (FRIDAY, value));
    }
    assert_eq!(books.book(at(2, FRIDAY - 35)), Status::Exists);
    assert_eq!(books.book(at(2, 0)), Status::Exists, "what is left open is what it was");
    assert_eq!(books.book(at(2, FRIDAY)), Status::ExistsWithDifferentValueDate);
    assert_eq!(books.book(at(5, FRIDAY)), Status::Exists);
    assert_eq!(books.book(Booking { purpose: 1, ..at(5, 0) }), Status::ExistsWithDifferentPurpose);
    assert_eq!(books.book(Booking { reverses: 2, ..at(5, 0) }), Status::ExistsWithDifferentReversal);
    let mut odd = at(6, 0);
    odd.reserved[105] = 1;
    assert_eq!(books.book(odd), Status::ReservedBookingField);
}

#[test]
fn a_reversal_names_what_it_reverses_once() {
    let mut books = Books::new();
    assert_eq!(books.cut(0, FRIDAY), Declared::Created);
    let paid = Booking { value_date: FRIDAY - 3, ..booking(1, 9, 1, 100) };
    assert_eq!(books.book(paid), Status::Created);
    let back = |id, from, to, amount| Booking { reverses: 1, ..booking(id, from, to, amount) };
    assert_eq!(
        books.book(Booking { reverses: 77, ..booking(2, 1, 9, 100) }),
        Status::ReversedTransferNotFound
    );
    assert_eq!(books.book(back(3, 9, 1, 100)), Status::ReversalHasDifferentAccounts);
    assert_eq!(books.book(back(3, 1, 9, 99)), Status::ReversalHasDifferentAmount);
    let pending = flagged(back(3, 1, 9, 100), TransferFlags::PENDING);
    assert_eq!(books.book(pending), Status::ReversalMustBeSinglePhase);
    // A chain that fails takes the reversal back; one that succeeds books the right amount with it.
    let linked = |id| flagged(back(id, 1, 9, 100), TransferFlags::LINKED);
    let refused = [Status::LinkedEventFailed, Status::ExceedsCredits];
    assert_eq!(books.book_all(&[linked(3), booking(4, 2, 3, 1)]), refused);
    assert_eq!(books.book_all(&[linked(5), booking(6, 9, 1, 10)]), [Status::Created; 2]);
    assert_eq!(books.booked(5).value_date, FRIDAY - 3, "from the same day on");
    assert_eq!((books.booked(5).reverses, books.booked(1).reversed_by), (Some(1), Some(5)));
    assert_eq!(books.book(linked_off(linked(5))), Status::ExistsWithDifferentFlags);
    assert_eq!(books.book(back(7, 1, 9, 100)), Status::ReversedTransferAlreadyReversed);
    let of_a_reversal = Booking { reverses: 5, ..booking(8, 9, 1, 100) };
    assert_eq!(books.book(of_a_reversal), Status::ReversedTransferIsReversal);

    // A hold has posted nothing; what posted it can be reversed.
    assert_eq!(books.book(flagged(booking(10, 1, 2, 10), TransferFlags::PENDING)), Status::Created);
    let of_the_hold = |id| Booking { reverses: 10, ..booking(id, 2, 1, 10) };
    assert_eq!(books.book(of_the_hold(11)), Status::ReversedTransferNotPosted);
    let mut post = flagged(booking(12, 0, 0, u128::MAX), TransferFlags::POST_PENDING_TRANSFER);
    post.transfer.pending_id = 10;
    (post.transfer.ledger, post.transfer.code) = (0, 0);
    assert_eq!(books.book(post), Status::Created);
    assert_eq!(books.book(of_the_hold(13)), Status::ReversedTransferNotPosted);
    assert_eq!(books.book(Booking { reverses: 12, ..booking(14, 2, 1, 10) }), Status::Created);
    let restored = books.restored();
    assert_eq!((restored.booked(14), restored.booked(1)), (books.booked(14), books.booked(1)));
}

fn linked_off(booking: Booking) -> Booking {
    flagged(booking, TransferFlags::NONE)
}
