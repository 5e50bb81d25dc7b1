//! Balancing transfers: the amount is an upper limit.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_balancing_debit_moves_what_the_account_has() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 B>A 100
         transfer 2 A>B 30 pending
         transfer 3 A>B 20 balancing_debit
         transfer 4 A>B max balancing_debit
         transfer 5 A>B 5 balancing_debit
         show A 3 4 5",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            4 created
            5 created
            A: debits 70 + 30 pending, credits 100 + 0 pending
            3: 20 posted
            4: 50 posted
            5: 0 posted
        "#]],
    );
}

#[test]
fn a_balancing_credit_moves_what_the_account_lacks() {
    check(
        "account A
         account B credits_must_not_exceed_debits
         transfer 1 B>A 100
         transfer 2 A>B 30 pending
         transfer 3 A>B max balancing_credit pending
         transfer 4 A>B max balancing_credit
         show B 3 4",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            4 created
            B: debits 100 + 0 pending, credits 0 + 100 pending
            3: 70 pending
            4: 0 posted
        "#]],
    );
}

#[test]
fn both_sides_balance_to_the_smaller_amount() {
    check(
        "account A
         account B
         account C
         transfer 1 C>A 100
         transfer 2 B>C 60
         transfer 3 A>B max balancing_debit balancing_credit
         show A B 3
         transfer 4 A>B max balancing_debit balancing_credit
         show 4",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 created
            3 created
            A: debits 60 + 0 pending, credits 100 + 0 pending
            B: debits 60 + 0 pending, credits 60 + 0 pending
            3: 60 posted
            4 created
            4: 0 posted
        "#]],
    );
}

/// The amount that was moved depends on the balance at that time, so a repetition cannot know it: any limit
/// that allows it is the same transfer.
#[test]
fn repeating_a_balancing_transfer_compares_with_what_it_moved() {
    check(
        "account A
         account B
         transfer 1 B>A 100
         transfer 2 A>B 500 balancing_debit

         transfer 2 A>B 500 balancing_debit
         transfer 2 A>B 100 balancing_debit
         transfer 2 A>B max balancing_debit
         transfer 2 A>B 99 balancing_debit
         transfer 2 A>B 100
         show 2",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            2 exists
            2 exists
            2 exists
            2 exists_with_different_amount
            2 exists_with_different_flags
            2: 100 posted
        "#]],
    );
}

/// The limit of the other side still holds for what is left.
#[test]
fn a_balanced_amount_may_still_exceed_the_other_side() {
    check(
        "account A
         account B credits_must_not_exceed_debits
         transfer 1 B>A 100
         account C
         transfer 2 C>A 900
         transfer 3 A>B max balancing_debit
         transfer 4 A>B 100 balancing_debit
         show A B",
        expect![[r#"
            A created
            B created
            1 created
            C created
            2 created
            3 exceeds_debits
            4 created
            A: debits 100 + 0 pending, credits 1000 + 0 pending
            B: debits 100 + 0 pending, credits 100 + 0 pending
        "#]],
    );
}
