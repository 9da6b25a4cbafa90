-- With every change of a ledger those of its requests that have become too old are looked for: without looking at
-- all the others of the last two hours.
CREATE INDEX budget_request_age ON budget_request (ledger, at) WHERE answered = 1;
