//! Of several errors the first is told. Each line of a script repairs the error of the line above and keeps the
//! rest, so a script is the order of precedence, and every pair of neighbours in it is tried.

use expect_test::expect;

use crate::script::check;

#[test]
fn of_an_imported_account() {
    check(
        "account A imported timestamp=1000
         account B imported timestamp=2000

         account zero timestamp=1 imported reserved=1 linked

         account A imported timestamp=1000
         account zero timestamp=9223372036854775808 reserved=1
         account zero imported timestamp=9223372036854775808 reserved=1 flags=80 ledger=0 code=0
         account zero imported timestamp=0 reserved=1 flags=80 ledger=0 code=0
         account zero imported timestamp=2000000000 reserved=1 flags=80 ledger=0 code=0
         account zero imported timestamp=1 reserved=1 flags=80 ledger=0 code=0
         account zero imported timestamp=1 flags=80 ledger=0 code=0
         account zero imported timestamp=1 ledger=0 code=0
         account max imported timestamp=1 ledger=0 code=0
         account A imported timestamp=1 ledger=0 code=0
         account A imported timestamp=1 code=0
         account A imported timestamp=1
         account C imported timestamp=1 ledger=0 code=0
         account C imported timestamp=1 code=0
         account C imported timestamp=1
         account C imported timestamp=2000
         account C imported timestamp=2001",
        expect![[r#"
            A created
            B created
            zero linked_event_chain_open
            A exists
            zero imported_event_expected
            zero imported_event_timestamp_out_of_range
            zero imported_event_timestamp_out_of_range
            zero imported_event_timestamp_must_not_advance
            zero reserved_field
            zero reserved_flag
            zero id_must_not_be_zero
            max id_must_not_be_int_max
            A exists_with_different_ledger
            A exists_with_different_code
            A exists
            C ledger_must_not_be_zero
            C code_must_not_be_zero
            C imported_event_timestamp_must_not_regress
            C imported_event_timestamp_must_not_regress
            C created
        "#]],
    );
}

#[test]
fn of_an_imported_transfer() {
    check(
        "account A imported timestamp=1000
         account B imported timestamp=2000
         account C imported timestamp=3000 ledger=840
         account D imported timestamp=4000 closed
         account E imported timestamp=4001 closed

         transfer 9 A>B 1 imported timestamp=3500

         transfer 0 zero>zero 1 imported timestamp=0 linked

         transfer 8 A>X 1
         transfer 0 zero>zero 1 imported timestamp=0

         transfer 9 A>B 1 imported timestamp=4500
         transfer 0 zero>zero 1 timestamp=9223372036854775808
         transfer 0 zero>zero 1 imported timestamp=0 flags=768
         transfer 0 zero>zero 1 imported timestamp=9223372036854775808 flags=768
         transfer 0 zero>zero 1 imported timestamp=9223372036854775807 flags=768
         transfer 0 zero>zero 1 imported timestamp=2 flags=768
         transfer 0 zero>zero 1 imported timestamp=2
         transfer max zero>zero 1 imported timestamp=2
         transfer 9 zero>zero 1 imported timestamp=2
         transfer 1 zero>zero 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 max>zero 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 D>zero 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 D>max 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 D>D 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 D>E 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0 pending_id=1
         transfer 1 D>E 1 imported timestamp=2 timeout=1 closing_debit ledger=0 code=0
         transfer 1 D>E 1 imported timestamp=2 closing_debit ledger=0 code=0
         transfer 1 D>E max imported timestamp=2 timeout=1 closing_debit pending ledger=0 code=0
         transfer 1 D>E max imported timestamp=2 timeout=1 closing_debit pending code=0
         transfer 1 X>Y max imported timestamp=2 timeout=1 closing_debit pending
         transfer 2 D>Y max imported timestamp=2 timeout=1 closing_debit pending
         transfer 3 D>C max imported timestamp=2 timeout=1 closing_debit pending ledger=9
         transfer 3 D>E max imported timestamp=2 timeout=1 closing_debit pending ledger=9
         transfer 3 D>E max imported timestamp=2 timeout=1 closing_debit pending
         transfer 3 D>E max imported timestamp=3500 timeout=1 closing_debit pending
         transfer 3 D>E max imported timestamp=4000 timeout=1 closing_debit pending
         transfer 3 D>E max imported timestamp=3999 timeout=1 closing_debit pending
         transfer 3 A>E max imported timestamp=3999 timeout=1 closing_debit pending
         transfer 3 D>E max imported timestamp=4002 timeout=1 closing_debit pending
         transfer 3 D>E max imported timestamp=4002 closing_debit pending
         transfer 4 A>E max imported timestamp=4002 closing_debit pending
         transfer 5 A>B max imported timestamp=4002 closing_debit pending
         transfer 5 A>B 1 imported timestamp=4002 closing_debit pending",
        expect![[r#"
            A created
            B created
            C created
            D created
            E created
            9 created
            0 linked_event_chain_open
            8 credit_account_not_found
            0 imported_event_not_expected
            9 exists
            0 imported_event_expected
            0 imported_event_timestamp_out_of_range
            0 imported_event_timestamp_out_of_range
            0 imported_event_timestamp_must_not_advance
            0 reserved_flag
            0 id_must_not_be_zero
            max id_must_not_be_int_max
            9 exists_with_different_debit_account_id
            1 debit_account_id_must_not_be_zero
            1 debit_account_id_must_not_be_int_max
            1 credit_account_id_must_not_be_zero
            1 credit_account_id_must_not_be_int_max
            1 accounts_must_be_different
            1 pending_id_must_be_zero
            1 timeout_reserved_for_pending_transfer
            1 closing_transfer_must_be_pending
            1 ledger_must_not_be_zero
            1 code_must_not_be_zero
            1 debit_account_not_found
            2 credit_account_not_found
            3 accounts_must_have_the_same_ledger
            3 transfer_must_have_the_same_ledger_as_accounts
            3 imported_event_timestamp_must_not_regress
            3 imported_event_timestamp_must_not_regress
            3 imported_event_timestamp_must_not_regress
            3 imported_event_timestamp_must_postdate_debit_account
            3 imported_event_timestamp_must_postdate_credit_account
            3 imported_event_timeout_must_be_zero
            3 debit_account_already_closed
            4 credit_account_already_closed
            5 overflows_debits_posted
            5 created
        "#]],
    );
}

#[test]
fn of_limits_and_overflows() {
    check(
        "account A debits_must_not_exceed_credits
         account B credits_must_not_exceed_debits
         account C
         account D
         account E
         account F

         transfer 1 C>D half pending
         transfer 2 E>F half
         transfer 3 E>D 1
         transfer 4 C>F 1

         transfer 11 C>D half pending timeout=4294967295
         transfer 11 E>D half pending timeout=4294967295
         transfer 11 E>F half pending timeout=4294967295
         transfer 11 A>F half pending timeout=4294967295
         transfer 11 C>D 170141183460469231731687303715884105727 pending timeout=4294967295
         transfer 11 A>D 170141183460469231731687303715884105727 pending timeout=4294967295
         transfer 11 A>B 1
         transfer 12 C>B 1
         transfer 13 C>D 1",
        expect![[r#"
            A created
            B created
            C created
            D created
            E created
            F created
            1 created
            2 created
            3 created
            4 created
            11 overflows_debits_pending
            11 overflows_credits_pending
            11 overflows_debits_posted
            11 overflows_credits_posted
            11 overflows_debits
            11 overflows_credits
            11 exceeds_credits
            12 exceeds_debits
            13 created
        "#]],
    );
}

#[test]
fn of_a_transfer_that_posts_or_voids() {
    check(
        "account A
         account B
         account C

         transfer 1 A>B 10 pending closing_debit
         transfer 2 B>C 10
         transfer 3 B>C 10 pending timeout=1
         transfer 4 B>C 10 pending
         transfer 5 B>C 10 pending closing_credit
         wait 2
         post 20 of 0 99 flags=12 pending balancing_debit timeout=1
         post 20 of 0 99 flags=6 timeout=1
         post 20 of 0 99 flags=20 timeout=1
         post 20 of 0 99 flags=36 timeout=1
         post 20 of 0 99 flags=68 timeout=1
         post 20 of 0 99 flags=132 timeout=1
         post 20 of 0 99 timeout=1
         post 20 of max 99 timeout=1
         post 20 of 20 99 timeout=1
         post 20 of 9 99 timeout=1
         post 20 of 9 99
         post 21 of 2 99 debit=C credit=B ledger=9 code=9
         post 21 of 3 99 debit=C credit=B ledger=9 code=9
         post 21 of 3 99 debit=B credit=B ledger=9 code=9
         post 21 of 3 99 debit=B credit=C ledger=9 code=9
         post 21 of 3 99 ledger=203 code=9
         post 21 of 3 99 code=1
         void 21 of 3 9
         post 21 of 3 9
         post 21 of 1 9
         post 22 of 4 9
         post 22 of 4 9
         void 23 of 4
         void 23 of 5
         post 24 of 4 9
         void 25 of 4 9
         void 25 of 4
         post 26 of 4 11
         post 26 of 4 10",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 created
            3 created
            4 created
            5 created
            20 flags_are_mutually_exclusive
            20 flags_are_mutually_exclusive
            20 flags_are_mutually_exclusive
            20 flags_are_mutually_exclusive
            20 flags_are_mutually_exclusive
            20 flags_are_mutually_exclusive
            20 pending_id_must_not_be_zero
            20 pending_id_must_not_be_int_max
            20 pending_id_must_be_different
            20 timeout_reserved_for_pending_transfer
            20 pending_transfer_not_found
            21 pending_transfer_not_pending
            21 pending_transfer_has_different_debit_account_id
            21 pending_transfer_has_different_credit_account_id
            21 pending_transfer_has_different_ledger
            21 pending_transfer_has_different_code
            21 exceeds_pending_transfer_amount
            21 pending_transfer_has_different_amount
            21 pending_transfer_expired
            21 debit_account_already_closed
            22 credit_account_already_closed
            22 id_already_failed
            23 created
            23 exists_with_different_pending_id
            24 pending_transfer_already_voided
            25 pending_transfer_has_different_amount
            25 pending_transfer_already_voided
            26 exceeds_pending_transfer_amount
            26 pending_transfer_already_voided
        "#]],
    );
}

/// What is there already is compared before anything else of the event is looked at.
#[test]
fn of_a_transfer_that_exists() {
    check(
        "account A
         account B
         transfer 1 A>B 10 pending timeout=9 user_data_128=1 user_data_64=1 user_data_32=1

         transfer 1 X>X 5 pending_id=9 timeout=8 ledger=0 code=0
         transfer 1 X>X 5 pending pending_id=9 timeout=8 ledger=0 code=0
         transfer 1 X>X 5 pending timeout=8 ledger=0 code=0
         transfer 1 X>X 5 pending timeout=9 ledger=0 code=0
         transfer 1 A>X 5 pending timeout=9 ledger=0 code=0
         transfer 1 A>B 5 pending timeout=9 ledger=0 code=0
         transfer 1 A>B 10 pending timeout=9 ledger=0 code=0
         transfer 1 A>B 10 pending timeout=9 ledger=0 code=0 user_data_128=1
         transfer 1 A>B 10 pending timeout=9 ledger=0 code=0 user_data_128=1 user_data_64=1
         transfer 1 A>B 10 pending timeout=9 ledger=0 code=0 user_data_128=1 user_data_64=1 user_data_32=1
         transfer 1 A>B 10 pending timeout=9 code=0 user_data_128=1 user_data_64=1 user_data_32=1
         transfer 1 A>B 10 pending timeout=9 user_data_128=1 user_data_64=1 user_data_32=1",
        expect![[r#"
            A created
            B created
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
        "#]],
    );
}
