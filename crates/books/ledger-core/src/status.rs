//! What can become of an event: names and numbers of TigerBeetle, each with our code, a sentence and a hint.

/// Rows in order of precedence: of several that apply, the first is the outcome.
macro_rules! statuses {
    (
        $(#[$doc:meta])* $name:ident;
        $($variant:ident = $number:literal, $text:literal, $code:expr, $message:literal, $hint:literal;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`: ", $message, ".")] $variant = $number,)*
        }

        impl $name {
            /// Every status, in order of precedence.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The status with this number.
            pub const fn from_u32(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The number that travels in an [`Outcome`](crate::Outcome).
            pub const fn as_u32(self) -> u32 {
                self as u32
            }

            /// The name, `exceeds_credits`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code of its page in `docs/errors/`. `None` for `created`, which needs none.
            pub const fn code(self) -> Option<&'static str> {
                match self { $(Self::$variant => $code,)* }
            }

            /// What happened, as a clause without a full stop.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// What to do next, as a clause without a full stop.
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }

            /// Whether the record is in the ledger as requested: `created` now, or it `exists` from before.
            pub const fn is_done(self) -> bool {
                matches!(self, Self::Created | Self::Exists)
            }
        }
    };
}

statuses! {
    /// What became of an account to create.
    CreateAccountStatus;
    Created = 0xffff_ffff, "created", None,
        "the account was created",
        "nothing to do";
    LinkedEventFailed = 1, "linked_event_failed", Some("LED-0101"),
        "another event of its linked chain failed, so this one was not done",
        "correct the event of the chain that names its own reason, then send the whole chain again";
    LinkedEventChainOpen = 2, "linked_event_chain_open", Some("LED-0102"),
        "the last event of the request is linked to a next one that is not there",
        "clear `linked` on the last event of the chain";
    ImportedEventExpected = 22, "imported_event_expected", Some("LED-0122"),
        "the account is not imported, but the first of its request is",
        "import all accounts of a request or none";
    ImportedEventNotExpected = 23, "imported_event_not_expected", Some("LED-0123"),
        "the account is imported, but the first of its request is not",
        "import all accounts of a request or none";
    TimestampMustBeZero = 3, "timestamp_must_be_zero", Some("LED-0103"),
        "the account came with a timestamp",
        "leave the timestamp 0; the ledger assigns it";
    ImportedEventTimestampOutOfRange = 24, "imported_event_timestamp_out_of_range", Some("LED-0124"),
        "the imported account's timestamp is 0, or 2^63 and more",
        "give the time of the account in nanoseconds since 1970";
    ImportedEventTimestampMustNotAdvance = 25, "imported_event_timestamp_must_not_advance", Some("LED-0125"),
        "the imported account's timestamp does not lie in the past",
        "import only what happened before now";
    ReservedField = 4, "reserved_field", Some("LED-0104"),
        "the reserved field is not zero",
        "leave the reserved field 0";
    ReservedFlag = 5, "reserved_flag", Some("LED-0105"),
        "a flag is set that this version does not support",
        "set only flags that have a name";
    IdMustNotBeZero = 6, "id_must_not_be_zero", Some("LED-0106"),
        "the account id is 0",
        "choose an id between 1 and 2^128 − 2";
    IdMustNotBeIntMax = 7, "id_must_not_be_int_max", Some("LED-0107"),
        "the account id is 2^128 − 1",
        "choose an id between 1 and 2^128 − 2";
    ExistsWithDifferentFlags = 15, "exists_with_different_flags", Some("LED-0115"),
        "an account with this id has other flags",
        "choose another id, or send the flags of the existing account";
    ExistsWithDifferentUserData128 = 16, "exists_with_different_user_data_128", Some("LED-0116"),
        "an account with this id has another user_data_128",
        "choose another id, or send the user_data_128 of the existing account";
    ExistsWithDifferentUserData64 = 17, "exists_with_different_user_data_64", Some("LED-0117"),
        "an account with this id has another user_data_64",
        "choose another id, or send the user_data_64 of the existing account";
    ExistsWithDifferentUserData32 = 18, "exists_with_different_user_data_32", Some("LED-0118"),
        "an account with this id has another user_data_32",
        "choose another id, or send the user_data_32 of the existing account";
    ExistsWithDifferentLedger = 19, "exists_with_different_ledger", Some("LED-0119"),
        "an account with this id belongs to another ledger",
        "choose another id; an account has one currency for life";
    ExistsWithDifferentCode = 20, "exists_with_different_code", Some("LED-0120"),
        "an account with this id has another code",
        "choose another id, or send the code of the existing account";
    Exists = 21, "exists", Some("LED-0121"),
        "the same account exists already",
        "nothing to do: treat it like created";
    FlagsAreMutuallyExclusive = 8, "flags_are_mutually_exclusive", Some("LED-0108"),
        "both limits are set, which would allow no transfer at all",
        "set one of debits_must_not_exceed_credits and credits_must_not_exceed_debits";
    DebitsPendingMustBeZero = 9, "debits_pending_must_be_zero", Some("LED-0109"),
        "the account came with pending debits",
        "leave the four sums 0; only transfers change them";
    DebitsPostedMustBeZero = 10, "debits_posted_must_be_zero", Some("LED-0110"),
        "the account came with posted debits",
        "leave the four sums 0; only transfers change them";
    CreditsPendingMustBeZero = 11, "credits_pending_must_be_zero", Some("LED-0111"),
        "the account came with pending credits",
        "leave the four sums 0; only transfers change them";
    CreditsPostedMustBeZero = 12, "credits_posted_must_be_zero", Some("LED-0112"),
        "the account came with posted credits",
        "leave the four sums 0; only transfers change them";
    LedgerMustNotBeZero = 13, "ledger_must_not_be_zero", Some("LED-0113"),
        "the account has no ledger",
        "set the ledger: the ISO 4217 number of the currency";
    CodeMustNotBeZero = 14, "code_must_not_be_zero", Some("LED-0114"),
        "the account has no code",
        "set the code: any number from 1 for the category of the account";
    ImportedEventTimestampMustNotRegress = 26, "imported_event_timestamp_must_not_regress", Some("LED-0126"),
        "the imported account's timestamp is not after that of every account, or a transfer has it",
        "import accounts in the order of their timestamps, each with its own";
}

statuses! {
    /// What became of a transfer to create.
    ///
    /// Numbers below 1000 are TigerBeetle's. Those from 1000 on belong to rules that it has not; from 1005 on
    /// [bookings](crate::Booking) alone can meet them.
    CreateTransferStatus;
    Created = 0xffff_ffff, "created", None,
        "the transfer was created",
        "nothing to do";
    LinkedEventFailed = 1, "linked_event_failed", Some("LED-0001"),
        "another event of its linked chain failed, so this one was not done",
        "correct the event of the chain that names its own reason, then send the whole chain again";
    LinkedEventChainOpen = 2, "linked_event_chain_open", Some("LED-0002"),
        "the last event of the request is linked to a next one that is not there",
        "clear `linked` on the last event of the chain";
    ImportedEventExpected = 56, "imported_event_expected", Some("LED-0056"),
        "the transfer is not imported, but the first of its request is",
        "import all transfers of a request or none";
    ImportedEventNotExpected = 57, "imported_event_not_expected", Some("LED-0057"),
        "the transfer is imported, but the first of its request is not",
        "import all transfers of a request or none";
    TimestampMustBeZero = 3, "timestamp_must_be_zero", Some("LED-0003"),
        "the transfer came with a timestamp",
        "leave the timestamp 0; the ledger assigns it";
    ImportedEventTimestampOutOfRange = 58, "imported_event_timestamp_out_of_range", Some("LED-0058"),
        "the imported transfer's timestamp is 0, or 2^63 and more",
        "give the time of the transfer in nanoseconds since 1970";
    ImportedEventTimestampMustNotAdvance = 59, "imported_event_timestamp_must_not_advance", Some("LED-0059"),
        "the imported transfer's timestamp does not lie in the past",
        "import only what happened before now";
    ReservedBookingField = 1005, "reserved_booking_field", Some("LED-0205"),
        "a reserved field of the booking is not zero",
        "leave the reserved fields 0";
    ReservedFlag = 4, "reserved_flag", Some("LED-0004"),
        "a flag is set that this version does not support",
        "set only flags that have a name";
    IdMustNotBeZero = 5, "id_must_not_be_zero", Some("LED-0005"),
        "the transfer id is 0",
        "choose an id between 1 and 2^128 − 2";
    IdMustNotBeIntMax = 6, "id_must_not_be_int_max", Some("LED-0006"),
        "the transfer id is 2^128 − 1",
        "choose an id between 1 and 2^128 − 2";
    ExistsWithDifferentFlags = 36, "exists_with_different_flags", Some("LED-0036"),
        "a transfer with this id has other flags",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentPendingId = 40, "exists_with_different_pending_id", Some("LED-0040"),
        "a transfer with this id resolves another pending transfer",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentTimeout = 44, "exists_with_different_timeout", Some("LED-0044"),
        "a transfer with this id has another timeout",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentDebitAccountId = 37, "exists_with_different_debit_account_id", Some("LED-0037"),
        "a transfer with this id debits another account",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentCreditAccountId = 38, "exists_with_different_credit_account_id", Some("LED-0038"),
        "a transfer with this id credits another account",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentAmount = 39, "exists_with_different_amount", Some("LED-0039"),
        "a transfer with this id moved another amount",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentUserData128 = 41, "exists_with_different_user_data_128", Some("LED-0041"),
        "a transfer with this id has another user_data_128",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentUserData64 = 42, "exists_with_different_user_data_64", Some("LED-0042"),
        "a transfer with this id has another user_data_64",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentUserData32 = 43, "exists_with_different_user_data_32", Some("LED-0043"),
        "a transfer with this id has another user_data_32",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentLedger = 67, "exists_with_different_ledger", Some("LED-0067"),
        "a transfer with this id belongs to another ledger",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentCode = 45, "exists_with_different_code", Some("LED-0045"),
        "a transfer with this id has another code",
        "choose a new id; a transfer never changes";
    ExistsWithDifferentReversal = 1006, "exists_with_different_reversal", Some("LED-0206"),
        "a transfer with this id exists, and reverses another one or none",
        "look up the existing transfer, or choose another id";
    ExistsWithDifferentValueDate = 1007, "exists_with_different_value_date", Some("LED-0207"),
        "a transfer with this id exists, with another value date",
        "look up the existing transfer, or choose another id";
    ExistsWithDifferentPurpose = 1008, "exists_with_different_purpose", Some("LED-0208"),
        "a transfer with this id exists, for another purpose",
        "look up the existing transfer, or choose another id";
    Exists = 46, "exists", Some("LED-0046"),
        "the same transfer exists already",
        "nothing to do: treat it like created";
    IdAlreadyFailed = 68, "id_already_failed", Some("LED-0068"),
        "a transfer with this id was refused before, and stays refused",
        "choose a new id to try again";
    ReversalMustBeSinglePhase = 1011, "reversal_must_be_single_phase", Some("LED-0211"),
        "a reversal is a plain transfer of the whole amount: not pending, resolving, balancing or imported",
        "clear those flags";
    ReversedTransferNotFound = 1012, "reversed_transfer_not_found", Some("LED-0212"),
        "the transfer to reverse does not exist",
        "check the id; a transfer that was refused needs no reversal";
    ReversedTransferNotPosted = 1013, "reversed_transfer_not_posted", Some("LED-0213"),
        "the transfer to reverse has posted nothing",
        "void a pending transfer instead; one that was posted is reversed by naming the posting one";
    ReversedTransferIsReversal = 1014, "reversed_transfer_is_reversal", Some("LED-0214"),
        "the transfer to reverse is itself a reversal",
        "book the payment again";
    ReversedTransferAlreadyReversed = 1015, "reversed_transfer_already_reversed", Some("LED-0215"),
        "the transfer has been reversed before",
        "look up the transfer; it is reversed once";
    ReversalHasDifferentAccounts = 1016, "reversal_has_different_accounts", Some("LED-0216"),
        "a reversal debits the account that was credited and credits the one that was debited",
        "exchange the accounts of the transfer to reverse";
    ReversalHasDifferentAmount = 1017, "reversal_has_different_amount", Some("LED-0217"),
        "a reversal has the amount of the transfer that it reverses",
        "send the same amount; to correct an amount, reverse the transfer and book the right one, linked";
    FlagsAreMutuallyExclusive = 7, "flags_are_mutually_exclusive", Some("LED-0007"),
        "the transfer posts or voids a pending one, and has a flag that does not go with that",
        "post or void with one of the two flags; only linked and imported go with it";
    DebitAccountIdMustNotBeZero = 8, "debit_account_id_must_not_be_zero", Some("LED-0008"),
        "the debit account id is 0",
        "name the account to debit";
    DebitAccountIdMustNotBeIntMax = 9, "debit_account_id_must_not_be_int_max", Some("LED-0009"),
        "the debit account id is 2^128 − 1",
        "name the account to debit";
    CreditAccountIdMustNotBeZero = 10, "credit_account_id_must_not_be_zero", Some("LED-0010"),
        "the credit account id is 0",
        "name the account to credit";
    CreditAccountIdMustNotBeIntMax = 11, "credit_account_id_must_not_be_int_max", Some("LED-0011"),
        "the credit account id is 2^128 − 1",
        "name the account to credit";
    AccountsMustBeDifferent = 12, "accounts_must_be_different", Some("LED-0012"),
        "debit and credit account are the same",
        "name two different accounts";
    PendingIdMustBeZero = 13, "pending_id_must_be_zero", Some("LED-0013"),
        "a pending_id is given, but the transfer neither posts nor voids",
        "set post_pending_transfer or void_pending_transfer, or leave pending_id 0";
    PendingIdMustNotBeZero = 14, "pending_id_must_not_be_zero", Some("LED-0014"),
        "the transfer posts or voids, but names no pending transfer",
        "set pending_id to the id of the pending transfer";
    PendingIdMustNotBeIntMax = 15, "pending_id_must_not_be_int_max", Some("LED-0015"),
        "the pending_id is 2^128 − 1",
        "set pending_id to the id of the pending transfer";
    PendingIdMustBeDifferent = 16, "pending_id_must_be_different", Some("LED-0016"),
        "the transfer names itself as the pending transfer",
        "give the posting or voiding transfer an id of its own";
    TimeoutReservedForPendingTransfer = 17, "timeout_reserved_for_pending_transfer", Some("LED-0017"),
        "a timeout is given, but the transfer is not pending",
        "set `pending`, or leave the timeout 0";
    ClosingTransferMustBePending = 64, "closing_transfer_must_be_pending", Some("LED-0064"),
        "the transfer closes an account, but is not pending",
        "set `pending`, so that voiding the transfer can open the account again";
    LedgerMustNotBeZero = 19, "ledger_must_not_be_zero", Some("LED-0019"),
        "the transfer has no ledger",
        "set the ledger: the ISO 4217 number of the currency";
    CodeMustNotBeZero = 20, "code_must_not_be_zero", Some("LED-0020"),
        "the transfer has no code",
        "set the code: any number from 1 for the reason of the transfer";
    DebitAccountNotFound = 21, "debit_account_not_found", Some("LED-0021"),
        "the debit account does not exist",
        "create the account, then send the transfer with a new id";
    CreditAccountNotFound = 22, "credit_account_not_found", Some("LED-0022"),
        "the credit account does not exist",
        "create the account, then send the transfer with a new id";
    AccountsMustHaveTheSameLedger = 23, "accounts_must_have_the_same_ledger", Some("LED-0023"),
        "the two accounts have different currencies",
        "exchange currencies with two linked transfers, one in each currency";
    TransferMustHaveTheSameLedgerAsAccounts = 24, "transfer_must_have_the_same_ledger_as_accounts",
        Some("LED-0024"),
        "the transfer's currency is not that of its accounts",
        "send the transfer in the currency of its accounts";
    PendingTransferNotFound = 25, "pending_transfer_not_found", Some("LED-0025"),
        "the pending transfer does not exist",
        "create the pending transfer first, then post or void it with a new id";
    PendingTransferNotPending = 26, "pending_transfer_not_pending", Some("LED-0026"),
        "the transfer named by pending_id is not a pending one",
        "name a transfer that was created with the flag `pending`";
    PendingTransferHasDifferentDebitAccountId = 27, "pending_transfer_has_different_debit_account_id",
        Some("LED-0027"),
        "the pending transfer debits another account",
        "leave the debit account id 0, or send that of the pending transfer";
    PendingTransferHasDifferentCreditAccountId = 28, "pending_transfer_has_different_credit_account_id",
        Some("LED-0028"),
        "the pending transfer credits another account",
        "leave the credit account id 0, or send that of the pending transfer";
    PendingTransferHasDifferentLedger = 29, "pending_transfer_has_different_ledger", Some("LED-0029"),
        "the pending transfer belongs to another ledger",
        "leave the ledger 0, or send that of the pending transfer";
    PendingTransferHasDifferentCode = 30, "pending_transfer_has_different_code", Some("LED-0030"),
        "the pending transfer has another code",
        "leave the code 0, or send that of the pending transfer";
    ExceedsPendingTransferAmount = 31, "exceeds_pending_transfer_amount", Some("LED-0031"),
        "the amount is larger than the pending amount",
        "post at most the pending amount";
    PendingTransferHasDifferentAmount = 32, "pending_transfer_has_different_amount", Some("LED-0032"),
        "only the whole pending amount can be voided",
        "leave the amount 0 to void, or post a part to release the rest";
    PendingTransferHasDifferentPurpose = 1018, "pending_transfer_has_different_purpose", Some("LED-0218"),
        "the pending transfer is for another purpose",
        "leave the purpose open, or say that of the pending transfer";
    PendingTransferAlreadyPosted = 33, "pending_transfer_already_posted", Some("LED-0033"),
        "the pending transfer was posted before",
        "look up the pending transfer; it resolves once";
    PendingTransferAlreadyVoided = 34, "pending_transfer_already_voided", Some("LED-0034"),
        "the pending transfer was voided before",
        "look up the pending transfer; it resolves once";
    PendingTransferExpired = 35, "pending_transfer_expired", Some("LED-0035"),
        "the pending transfer's timeout has passed",
        "create the transfer again, with a longer timeout if need be";
    ImportedEventTimestampMustNotRegress = 60, "imported_event_timestamp_must_not_regress", Some("LED-0060"),
        "the imported transfer's timestamp is not after that of every transfer, or another event has it",
        "import transfers in the order of their timestamps, each with its own";
    ImportedEventTimestampMustPostdateDebitAccount = 61,
        "imported_event_timestamp_must_postdate_debit_account", Some("LED-0061"),
        "the imported transfer's timestamp is not after that of its debit account",
        "import the debit account with an earlier timestamp";
    ImportedEventTimestampMustPostdateCreditAccount = 62,
        "imported_event_timestamp_must_postdate_credit_account", Some("LED-0062"),
        "the imported transfer's timestamp is not after that of its credit account",
        "import the credit account with an earlier timestamp";
    ImportedEventTimeoutMustBeZero = 63, "imported_event_timeout_must_be_zero", Some("LED-0063"),
        "the imported transfer has a timeout",
        "leave the timeout 0, and void the pending transfer yourself when it is due";
    DebitAccountAlreadyClosed = 65, "debit_account_already_closed", Some("LED-0065"),
        "the debit account is closed",
        "void the transfer that closed it, then send this one with a new id";
    CreditAccountAlreadyClosed = 66, "credit_account_already_closed", Some("LED-0066"),
        "the credit account is closed",
        "void the transfer that closed it, then send this one with a new id";
    DebitAccountIsControl = 1001, "debit_account_is_control", Some("LED-0201"),
        "the debit account is a control account: it shows the sum of the accounts below it",
        "post to an account below it, with a new id";
    CreditAccountIsControl = 1002, "credit_account_is_control", Some("LED-0202"),
        "the credit account is a control account: it shows the sum of the accounts below it",
        "post to an account below it, with a new id";
    DebitAccountNotForPurpose = 1003, "debit_account_not_for_purpose", Some("LED-0203"),
        "what is in the debit account may not be spent on this purpose",
        "pay from another account, or have the purpose allowed; then send the transfer with a new id";
    CreditAccountNotForPurpose = 1004, "credit_account_not_for_purpose", Some("LED-0204"),
        "the credit account may not be paid for what this money may be spent on",
        "pay somebody who is approved for the purpose, with a new id";
    OverflowsDebitsPending = 47, "overflows_debits_pending", Some("LED-0047"),
        "the debit account's pending debits would not fit into 128 bits",
        "send a smaller amount";
    OverflowsCreditsPending = 48, "overflows_credits_pending", Some("LED-0048"),
        "the credit account's pending credits would not fit into 128 bits",
        "send a smaller amount";
    OverflowsDebitsPosted = 49, "overflows_debits_posted", Some("LED-0049"),
        "the debit account's posted debits would not fit into 128 bits",
        "send a smaller amount";
    OverflowsCreditsPosted = 50, "overflows_credits_posted", Some("LED-0050"),
        "the credit account's posted credits would not fit into 128 bits",
        "send a smaller amount";
    OverflowsDebits = 51, "overflows_debits", Some("LED-0051"),
        "the debit account's pending and posted debits together would not fit into 128 bits",
        "send a smaller amount";
    OverflowsCredits = 52, "overflows_credits", Some("LED-0052"),
        "the credit account's pending and posted credits together would not fit into 128 bits",
        "send a smaller amount";
    OverflowsTimeout = 53, "overflows_timeout", Some("LED-0053"),
        "the transfer would expire after the year 2262",
        "choose a shorter timeout, or 0 for none";
    ExceedsCredits = 54, "exceeds_credits", Some("LED-0054"),
        "the debit account does not have that much available",
        "credit the account or send less, with a new id";
    ExceedsDebits = 55, "exceeds_debits", Some("LED-0055"),
        "the credit account would be credited more than it was debited",
        "debit the account or send less, with a new id";
    ValueDateTooEarly = 1009, "value_date_too_early", Some("LED-0209"),
        "the value date lies more than 35 days before the business day",
        "choose a later value date, and correct interest of earlier days by a transfer of its own";
    ValueDateTooLate = 1010, "value_date_too_late", Some("LED-0210"),
        "the value date lies more than 366 days after the business day",
        "choose an earlier value date";
}

impl CreateTransferStatus {
    /// Whether the same transfer could succeed at another time. Its id is then remembered and refused for
    /// good (`id_already_failed`), so that a retry cannot turn a refusal the client saw into a payment.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::DebitAccountNotFound
                | Self::CreditAccountNotFound
                | Self::PendingTransferNotFound
                | Self::DebitAccountAlreadyClosed
                | Self::CreditAccountAlreadyClosed
                | Self::DebitAccountIsControl
                | Self::CreditAccountIsControl
                | Self::DebitAccountNotForPurpose
                | Self::CreditAccountNotForPurpose
                | Self::ReversedTransferNotFound
                | Self::ExceedsCredits
                | Self::ExceedsDebits
        )
    }
}

statuses! {
    /// What became of a declaration: a unit, a placement, a rule of purposes, a day, interest. A run of interest that
    /// cannot post has the [`CreateTransferStatus`] of what it would post.
    DeclarationStatus;
    Created = 0xffff_ffff, "created", None,
        "it is declared",
        "nothing to do";
    ReservedField = 2001, "reserved_field", Some("LED-0301"),
        "a reserved field is not zero",
        "leave the reserved fields 0";
    LedgerMustNotBeZero = 2002, "ledger_must_not_be_zero", Some("LED-0302"),
        "the unit has no ledger",
        "choose a number from 1000 on, beyond those of ISO 4217";
    LedgerIsCurrency = 2003, "ledger_is_currency", Some("LED-0303"),
        "numbers below 1000 belong to the currencies of ISO 4217, whose minor units are known",
        "choose a number from 1000 on";
    UnitCodeMalformed = 2004, "unit_code_malformed", Some("LED-0304"),
        "the code is not two to twelve of A–Z, 0–9, point and hyphen with a letter among them; three letters are a currency's",
        "choose a code like XAU-G or 600519.SH";
    MinorDigitsOutOfRange = 2005, "minor_digits_out_of_range", Some("LED-0305"),
        "a unit has at most 18 digits after the point",
        "choose 0 to 18 digits";
    ExistsWithDifferentUnit = 2006, "exists_with_different_unit", Some("LED-0306"),
        "the ledger has another unit; what was booked in it cannot change its meaning",
        "use another ledger";
    UnitCodeTaken = 2007, "unit_code_taken", Some("LED-0307"),
        "another ledger has this code",
        "choose another code";
    TooManyUnits = 2008, "too_many_units", Some("LED-0308"),
        "ten thousand units are declared",
        "open another shard";
    AccountNotFound = 2009, "account_not_found", Some("LED-0309"),
        "the account does not exist",
        "create the account first";
    ControlNotFound = 2010, "control_not_found", Some("LED-0310"),
        "the control account does not exist",
        "create the control account first";
    ControlHasDifferentLedger = 2011, "control_has_different_ledger", Some("LED-0311"),
        "the two accounts have different currencies, and a sum has one",
        "make a control account for each currency";
    ControlIsBelowAccount = 2012, "control_is_below_account", Some("LED-0312"),
        "the control account is the account itself or stands below it",
        "take the control account away from there first";
    ControlHasTransfers = 2013, "control_has_transfers", Some("LED-0313"),
        "transfers were posted to what should become a control account, which shows sums of others only",
        "create a new account as the control account";
    TreeTooDeep = 2014, "tree_too_deep", Some("LED-0314"),
        "more than eight accounts would stand above each other",
        "make the tree flatter";
    TooManyControls = 2015, "too_many_controls", Some("LED-0315"),
        "there are ten thousand control accounts",
        "put accounts below the ones that there are";
    RoleUnknown = 2016, "role_unknown", Some("LED-0316"),
        "the role is neither `spent_on` nor `paid_for`",
        "send 1 or 2";
    PurposesMalformed = 2017, "purposes_malformed", Some("LED-0317"),
        "purposes are rising numbers from 1, without a gap before the end",
        "sort them, and name each once";
    DateOutOfRange = 2018, "date_out_of_range", Some("LED-0318"),
        "the date lies before 1970-01-02 or after 9999-12-31",
        "correct the date";
    NextDayMustBeLater = 2019, "next_day_must_be_later", Some("LED-0319"),
        "the day that begins is not after the one that ends",
        "name the next business day";
    NextDayTooLate = 2038, "next_day_too_late", Some("LED-0339"),
        "the day that begins is more than 366 days after the one that ends",
        "check the year: a day that has begun cannot be taken back";
    DayIsNotOpen = 2020, "day_is_not_open", Some("LED-0320"),
        "another business day is open",
        "look which one is, and close that";
    ProductMalformed = 2021, "product_malformed", Some("LED-0322"),
        "the product or its code is 0, or side, day count, rounding or remainder has no such value",
        "compare it with the guide page on interest";
    RateOutOfRange = 2022, "rate_out_of_range", Some("LED-0323"),
        "the rate is beyond 10,000 percent a year",
        "give it in parts per million: 35 000 are 3.5 percent";
    RateTooEarly = 2023, "rate_too_early", Some("LED-0324"),
        "the rate would hold from before the product's first day, or more than 35 days before the business day",
        "set it from a later day, and correct older interest by a transfer of its own";
    TooManyRates = 2024, "too_many_rates", Some("LED-0325"),
        "a product has at most 1,024 rates, and a shard ten thousand products",
        "declare a new product with the rates that still matter";
    ExistsWithDifferentProduct = 2025, "exists_with_different_product", Some("LED-0326"),
        "the product exists with other accounts, another code, side, day count, rounding or remainder",
        "declare another product";
    InterestAccountNotFound = 2026, "interest_account_not_found", Some("LED-0327"),
        "the contra account or the account of accrued interest does not exist",
        "create both accounts first";
    InterestAccountsDiffer = 2027, "interest_accounts_differ", Some("LED-0328"),
        "contra account, account of accrued interest and the account itself are not three accounts of one ledger",
        "name two accounts of the same currency that are nothing else";
    ProductNotFound = 2028, "product_not_found", Some("LED-0329"),
        "the product does not exist",
        "declare the product first";
    NoRateYet = 2029, "no_rate_yet", Some("LED-0330"),
        "the product's first rate holds from a later day than the business day",
        "assign it on that day, or give the product an earlier rate";
    NoBusinessDay = 2030, "no_business_day", Some("LED-0331"),
        "interest is counted by business days, and the bank keeps none yet",
        "open the first business day";
    BalanceTooLarge = 2031, "balance_too_large", Some("LED-0332"),
        "the account was debited or credited more than 2^63 minor units",
        "open a new account";
    BearsOtherInterest = 2032, "bears_other_interest", Some("LED-0333"),
        "the account bears the interest of another product",
        "capitalise its interest through the last day, assign no product, then the new one";
    InterestNotCapitalised = 2033, "interest_not_capitalised", Some("LED-0334"),
        "interest of the account is not posted through the last ended day, or not paid",
        "accrue through the last ended day, then capitalise";
    BearsNoInterest = 2034, "bears_no_interest", Some("LED-0335"),
        "the account bears no interest",
        "assign a product to it first";
    DayNotEnded = 2035, "day_not_ended", Some("LED-0336"),
        "the business day has not ended, so its interest is not known",
        "end the day first";
    DaySettled = 2036, "day_settled", Some("LED-0337"),
        "interest of a later day was posted before, or the account bears interest from a later day on",
        "name the last ended day; corrections of earlier days are in its interest";
    InterestNotAccrued = 2037, "interest_not_accrued", Some("LED-0338"),
        "interest through this day has not been posted",
        "accrue through this day, then capitalise";
    Exists = 46, "exists", Some("LED-0321"),
        "it was declared before, the same",
        "nothing to do";
}
