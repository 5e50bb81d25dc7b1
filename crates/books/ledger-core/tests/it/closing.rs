//! Closing accounts, and what opens them again.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_closed_account_allows_only_voids() {
    check(
        "account A
         account B
         account C
         transfer 1 A>B 10
         transfer 2 A>B 5 pending
         transfer 3 A>B 5 pending
         transfer 4 B>A 7 pending
         transfer 9 A>B 0 pending closing_debit
         show A B
         transfer 11 A>B 1
         transfer 12 B>A 1
         transfer 13 A>C 1 pending closing_debit
         post 14 of 2
         post 15 of 4
         post 16 of 9 all
         void 17 of 3
         show A
         void 18 of 9
         show A
         post 19 of 2 all
         post 20 of 4 all
         show A B",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 created
            3 created
            4 created
            9 created
            A: debits 10 + 10 pending, credits 0 + 7 pending, closed
            B: debits 0 + 7 pending, credits 10 + 10 pending
            11 debit_account_already_closed
            12 credit_account_already_closed
            13 debit_account_already_closed
            14 debit_account_already_closed
            15 credit_account_already_closed
            16 debit_account_already_closed
            17 created
            A: debits 10 + 5 pending, credits 0 + 7 pending, closed
            18 created
            A: debits 10 + 5 pending, credits 0 + 7 pending
            19 created
            20 created
            A: debits 15 + 0 pending, credits 7 + 0 pending
            B: debits 7 + 0 pending, credits 15 + 0 pending
        "#]],
    );
}

#[test]
fn both_sides_can_be_closed_by_one_transfer() {
    check(
        "account A
         account B
         transfer 1 A>B 5 pending closing_debit closing_credit
         show A B
         void 2 of 1
         show A B",
        expect![[r#"
            A created
            B created
            1 created
            A: debits 0 + 5 pending, credits 0 + 0 pending, closed
            B: debits 0 + 0 pending, credits 0 + 5 pending, closed
            2 created
            A: debits 0 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

#[test]
fn a_closing_transfer_that_expires_opens_the_account() {
    check(
        "account A
         account B
         transfer 1 A>B 5 pending closing_credit timeout=3
         show A B
         wait 4
         transfer 2 A>B 5
         show A B 1",
        expect![[r#"
            A created
            B created
            1 created
            A: debits 0 + 5 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 5 pending, closed
            2 created
            A: debits 5 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 5 + 0 pending
            1: 5 expired
        "#]],
    );
}

/// A refusal because an account is closed is for good: the id has to be a new one.
#[test]
fn an_id_refused_by_a_closed_account_stays_refused() {
    check(
        "account A
         account B
         transfer 1 A>B 5 pending closing_debit
         transfer 2 A>B 5
         transfer 3 B>A 5
         void 4 of 1
         transfer 2 A>B 5
         transfer 3 B>A 5
         transfer 5 A>B 5",
        expect![[r#"
            A created
            B created
            1 created
            2 debit_account_already_closed
            3 credit_account_already_closed
            4 created
            2 id_already_failed
            3 id_already_failed
            5 created
        "#]],
    );
}

#[test]
fn an_account_created_closed_stays_closed() {
    check(
        "account A closed
         account B
         transfer 1 A>B 1
         transfer 2 B>A 1 pending closing_credit
         account A closed
         account A
         show A",
        expect![[r#"
            A created
            B created
            1 debit_account_already_closed
            2 credit_account_already_closed
            A exists
            A exists_with_different_flags
            A: debits 0 + 0 pending, credits 0 + 0 pending, closed
        "#]],
    );
}

/// The flags of an account that was closed later are no longer those it was created with.
#[test]
fn an_account_that_was_closed_exists_with_different_flags() {
    check(
        "account A
         account B
         transfer 1 A>B 1 pending closing_debit
         account A
         account A closed
         void 2 of 1
         account A",
        expect![[r#"
            A created
            B created
            1 created
            A exists_with_different_flags
            A exists
            2 created
            A exists
        "#]],
    );
}

#[test]
fn a_broken_chain_leaves_accounts_as_open_as_they_were() {
    check(
        "account A
         account B
         account C
         transfer 1 A>B 5 pending closing_debit

         transfer 2 C>B 5 pending closing_debit closing_credit linked
         transfer 3 C>B 5

         void 4 of 1 linked
         transfer 5 A>B 7 linked
         transfer 6 A>X 5
         show A B C

         void 7 of 1 linked
         transfer 8 A>B 7 linked
         transfer 10 A>B 1 pending closing_debit
         show A B C",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 linked_event_failed
            3 debit_account_already_closed
            4 linked_event_failed
            5 linked_event_failed
            6 credit_account_not_found
            A: debits 0 + 5 pending, credits 0 + 0 pending, closed
            B: debits 0 + 0 pending, credits 0 + 5 pending
            C: debits 0 + 0 pending, credits 0 + 0 pending
            7 created
            8 created
            10 created
            A: debits 7 + 1 pending, credits 0 + 0 pending, closed
            B: debits 0 + 0 pending, credits 7 + 1 pending
            C: debits 0 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

#[test]
fn only_a_pending_transfer_closes() {
    check(
        "account A
         account B
         transfer 1 A>B 5 closing_debit
         transfer 1 A>B 5 closing_credit balancing_debit
         show A B",
        expect![[r#"
            A created
            B created
            1 closing_transfer_must_be_pending
            1 closing_transfer_must_be_pending
            A: debits 0 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}
