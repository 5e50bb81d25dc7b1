//! Every rule of creating accounts and single-phase transfers, one script each.

use expect_test::expect;

use crate::script::{check, run};

#[test]
fn an_account_is_created_once() {
    check(
        "account A user_data_128=1 user_data_64=2 user_data_32=3 history

         account A user_data_128=1 user_data_64=2 user_data_32=3 history
         account A user_data_128=1 user_data_64=2 user_data_32=3
         account A user_data_128=9 user_data_64=2 user_data_32=3 history
         account A user_data_128=1 user_data_64=9 user_data_32=3 history
         account A user_data_128=1 user_data_64=2 user_data_32=9 history
         account A user_data_128=1 user_data_64=2 user_data_32=3 history ledger=840
         account A user_data_128=1 user_data_64=2 user_data_32=3 history code=9
         show A B",
        expect![[r#"
            A created
            A exists
            A exists_with_different_flags
            A exists_with_different_user_data_128
            A exists_with_different_user_data_64
            A exists_with_different_user_data_32
            A exists_with_different_ledger
            A exists_with_different_code
            A: debits 0 + 0 pending, credits 0 + 0 pending
            B: not there
        "#]],
    );
}

#[test]
fn an_account_is_refused_for_each_bad_field() {
    check(
        "account A timestamp=1
         account A reserved=1
         account A flags=64
         account A flags=128
         account A flags=32768
         account zero
         account max
         account A debits_must_not_exceed_credits credits_must_not_exceed_debits
         account A debits_pending=1
         account A debits_posted=1
         account A credits_pending=1
         account A credits_posted=1
         account A ledger=0
         account A code=0
         show A",
        expect![[r#"
            A timestamp_must_be_zero
            A reserved_field
            A reserved_flag
            A reserved_flag
            A reserved_flag
            zero id_must_not_be_zero
            max id_must_not_be_int_max
            A flags_are_mutually_exclusive
            A debits_pending_must_be_zero
            A debits_posted_must_be_zero
            A credits_pending_must_be_zero
            A credits_posted_must_be_zero
            A ledger_must_not_be_zero
            A code_must_not_be_zero
            A: not there
        "#]],
    );
}

/// Each line repairs the error of the line above, so the list is the order of precedence.
#[test]
fn of_several_errors_of_an_account_the_first_is_told() {
    let bad = "debits_pending=1 debits_posted=1 credits_pending=1 credits_posted=1 ledger=0 code=0";
    let script = format!(
        "account zero timestamp=1 reserved=1 flags=70 {bad}
         account zero reserved=1 flags=70 {bad}
         account zero flags=70 {bad}
         account zero flags=6 {bad}
         account A flags=6 {bad}
         account A {bad}
         account A debits_posted=1 credits_pending=1 credits_posted=1 ledger=0 code=0
         account A credits_pending=1 credits_posted=1 ledger=0 code=0
         account A credits_posted=1 ledger=0 code=0
         account A ledger=0 code=0
         account A code=0
         account A
         account A flags=6 {bad}
         account A reserved=1 flags=6 {bad}"
    );
    check(
        &script,
        expect![[r#"
            zero timestamp_must_be_zero
            zero reserved_field
            zero reserved_flag
            zero id_must_not_be_zero
            A flags_are_mutually_exclusive
            A debits_pending_must_be_zero
            A debits_posted_must_be_zero
            A credits_pending_must_be_zero
            A credits_posted_must_be_zero
            A ledger_must_not_be_zero
            A code_must_not_be_zero
            A created
            A exists_with_different_flags
            A reserved_field
        "#]],
    );
}

#[test]
fn a_transfer_moves_its_amount_once() {
    check(
        "account A
         account B
         transfer 1 A>B 100
         transfer 2 B>A 30
         transfer 3 A>B 0
         transfer 1 A>B 100
         show A B 1 2 3 4",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            1 exists
            A: debits 100 + 0 pending, credits 30 + 0 pending
            B: debits 30 + 0 pending, credits 100 + 0 pending
            1: 100 posted
            2: 30 posted
            3: 0 posted
            4: not there
        "#]],
    );
}

#[test]
fn a_transfer_with_a_known_id_names_what_differs() {
    check(
        "account A
         account B
         account C
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>B 100 timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>B 100 pending pending_id=7 timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>B 100 pending timeout=6 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 C>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>C 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>B 101 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         transfer 1 A>B 100 pending timeout=5 user_data_128=9 user_data_64=2 user_data_32=3
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=9 user_data_32=3
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=9
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3 ledger=840
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3 code=9
         transfer 1 A>B 100 pending timeout=5 user_data_128=1 user_data_64=2 user_data_32=3
         show A B C",
        expect![[r#"
            A created
            B created
            C created
            1 created
            1 exists_with_different_flags
            1 exists_with_different_pending_id
            1 exists_with_different_timeout
            1 exists_with_different_debit_account_id
            1 exists_with_different_credit_account_id
            1 exists_with_different_amount
            1 exists_with_different_user_data_128
            1 exists_with_different_user_data_64
            1 exists_with_different_user_data_32
            1 exists_with_different_ledger
            1 exists_with_different_code
            1 exists
            A: debits 0 + 100 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 100 pending
            C: debits 0 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

/// Each line repairs the error of the line above, so the list is the order of precedence.
#[test]
fn of_several_errors_of_a_transfer_the_first_is_told() {
    check(
        "account A
         account B ledger=840
         account C
         transfer 0 zero>zero 1 timestamp=1 flags=512 pending_id=9 timeout=1 ledger=0 code=0
         transfer 0 zero>zero 1 flags=512 pending_id=9 timeout=1 ledger=0 code=0
         transfer 0 zero>zero 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer max zero>zero 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 zero>zero 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 max>zero 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 Y>zero 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 Y>max 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 Y>Y 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 Y>Z 1 pending_id=9 timeout=1 ledger=0 code=0
         transfer 1 Y>Z 1 timeout=1 ledger=0 code=0
         transfer 1 Y>Z 1 ledger=0 code=0
         transfer 1 Y>Z 1 code=0
         transfer 1 Y>Z 1
         transfer 2 A>Z 1
         transfer 3 A>B 1 ledger=156
         transfer 3 A>C 1 ledger=156
         transfer 3 A>C 1",
        expect![[r#"
            A created
            B created
            C created
            0 timestamp_must_be_zero
            0 reserved_flag
            0 id_must_not_be_zero
            max id_must_not_be_int_max
            1 debit_account_id_must_not_be_zero
            1 debit_account_id_must_not_be_int_max
            1 credit_account_id_must_not_be_zero
            1 credit_account_id_must_not_be_int_max
            1 accounts_must_be_different
            1 pending_id_must_be_zero
            1 timeout_reserved_for_pending_transfer
            1 ledger_must_not_be_zero
            1 code_must_not_be_zero
            1 debit_account_not_found
            2 credit_account_not_found
            3 accounts_must_have_the_same_ledger
            3 transfer_must_have_the_same_ledger_as_accounts
            3 created
        "#]],
    );
}

#[test]
fn flags_of_later_versions_are_refused() {
    let script: String = (9..16).map(|bit| format!("transfer 1 A>B 1 flags={}\n", 1 << bit)).collect();
    assert_eq!(run(&format!("account A\naccount B\n\n{script}")).matches("1 reserved_flag\n").count(), 7);
}

#[test]
fn an_id_that_failed_stays_failed() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 A>B 10
         transfer 2 B>C 10
         transfer 3 C>B 10
         post 4 of 9

         account C
         transfer 5 B>A 100
         transfer 9 A>B 1 pending

         transfer 1 A>B 10
         transfer 2 B>C 10
         transfer 3 C>B 10
         post 4 of 9
         post 1 of 9
         transfer 1 A>B 10 flags=512
         show 1",
        expect![[r#"
            A created
            B created
            1 exceeds_credits
            2 credit_account_not_found
            3 debit_account_not_found
            4 pending_transfer_not_found
            C created
            5 created
            9 created
            1 id_already_failed
            2 id_already_failed
            3 id_already_failed
            4 id_already_failed
            1 id_already_failed
            1 reserved_flag
            1: not there
        "#]],
    );
}

/// A refusal that does not depend on the books leaves the id free: the corrected transfer may use it.
#[test]
fn an_id_with_a_bad_field_stays_free() {
    check(
        "account A
         account B
         transfer 1 A>A 10
         transfer 1 A>B 10 code=0
         transfer 1 A>B 10 ledger=840
         transfer 1 A>B 10",
        expect![[r#"
            A created
            B created
            1 accounts_must_be_different
            1 code_must_not_be_zero
            1 transfer_must_have_the_same_ledger_as_accounts
            1 created
        "#]],
    );
}

#[test]
fn limits_count_what_is_pending() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         account C credits_must_not_exceed_debits
         transfer 1 B>A 100
         transfer 2 A>B 60 pending
         transfer 3 A>B 41
         transfer 4 A>B 40
         transfer 5 C>B 10
         transfer 6 B>C 6 pending
         transfer 7 B>C 5
         transfer 8 B>C 4
         show A C",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 created
            3 exceeds_credits
            4 created
            5 created
            6 created
            7 exceeds_debits
            8 created
            A: debits 40 + 60 pending, credits 100 + 0 pending
            C: debits 10 + 0 pending, credits 4 + 6 pending
        "#]],
    );
}

/// Money on its way in is not there yet.
#[test]
fn pending_credits_cannot_be_spent() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 B>A 100 pending
         transfer 2 A>B 1
         post 3 of 1 all
         transfer 4 A>B 100",
        expect![[r#"
            A created
            B created
            1 created
            2 exceeds_credits
            3 created
            4 created
        "#]],
    );
}

/// 5,000 and six holds of 1,000: a ledger that leaves holds out of the available balance accepts all six.
#[test]
fn six_holds_of_a_thousand_do_not_fit_into_five_thousand() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 B>A 5000
         transfer 2 A>B 1000 pending
         transfer 3 A>B 1000 pending
         transfer 4 A>B 1000 pending
         transfer 5 A>B 1000 pending
         transfer 6 A>B 1000 pending
         transfer 7 A>B 1000 pending
         show A",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            4 created
            5 created
            6 created
            7 exceeds_credits
            A: debits 0 + 5000 pending, credits 5000 + 0 pending
        "#]],
    );
}

#[test]
fn sums_never_leave_128_bits() {
    check(
        "account A
         account B
         account C
         account D
         account E
         account F
         transfer 1 A>B max pending
         transfer 2 A>C 1 pending
         transfer 3 C>B 1 pending
         transfer 4 A>C 1
         transfer 5 C>B 1

         transfer 11 D>E max
         transfer 12 D>F 1
         transfer 13 F>E 1
         transfer 14 D>F 1 pending
         transfer 15 D>E 0

         transfer 21 C>F half pending
         transfer 22 C>F half
         transfer 23 C>A half
         transfer 24 B>F half
         show A B C D E F",
        expect![[r#"
            A created
            B created
            C created
            D created
            E created
            F created
            1 created
            2 overflows_debits_pending
            3 overflows_credits_pending
            4 overflows_debits
            5 overflows_credits
            11 created
            12 overflows_debits_posted
            13 overflows_credits_posted
            14 overflows_debits_posted
            15 created
            21 created
            22 overflows_debits
            23 overflows_debits
            24 overflows_credits
            A: debits 0 + 340282366920938463463374607431768211455 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 340282366920938463463374607431768211455 pending
            C: debits 0 + 170141183460469231731687303715884105728 pending, credits 0 + 0 pending
            D: debits 340282366920938463463374607431768211455 + 0 pending, credits 0 + 0 pending
            E: debits 0 + 0 pending, credits 340282366920938463463374607431768211455 + 0 pending
            F: debits 0 + 0 pending, credits 0 + 170141183460469231731687303715884105728 pending
        "#]],
    );
}
