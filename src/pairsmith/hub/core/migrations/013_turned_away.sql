-- Payments that were turned away are found by whoever paid.

CREATE INDEX events_of_payer ON events (user, id) WHERE action = 'payment turned away';
