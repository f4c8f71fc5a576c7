-- The extracts as DuckDB reads them, typed while they are read. Variables: landing, the folder of the extracts.

create view sends_loaded as
select *
from read_csv(
    getvariable('landing') || '/outbound/sends/*.csv',
    auto_detect = false,
    header = true,
    delim = ',',
    quote = '"',
    escape = '"',
    columns = {
        send_id: 'varchar',
        message_id: 'varchar',
        message_title: 'varchar',
        channel: 'varchar',
        customer_id: 'varchar',
        to_number: 'varchar',
        from_number: 'varchar',
        body: 'varchar',
        segment_count: 'integer',
        price: 'decimal(18, 6)',
        currency_code: 'varchar',
        provider: 'varchar',
        provider_message_id: 'varchar',
        sent_at: 'timestamp',
        updated_at: 'timestamp'
    }
);

create view statuses_loaded as
select *
from read_csv(
    getvariable('landing') || '/outbound/statuses/*.csv',
    auto_detect = false,
    header = true,
    delim = ',',
    quote = '"',
    escape = '"',
    columns = {
        send_id: 'varchar',
        provider: 'varchar',
        provider_message_id: 'varchar',
        status: 'varchar',
        error_code: 'varchar',
        error_code_space: 'varchar',
        error_message: 'varchar',
        occurred_at: 'timestamp'
    }
);

create view replies_loaded as
select *
from read_csv(
    getvariable('landing') || '/outbound/replies/*.csv',
    auto_detect = false,
    header = true,
    delim = ',',
    quote = '"',
    escape = '"',
    columns = {
        reply_id: 'varchar',
        send_id: 'varchar',
        from_number: 'varchar',
        to_number: 'varchar',
        customer_id: 'varchar',
        channel: 'varchar',
        body: 'varchar',
        received_at: 'timestamp',
        updated_at: 'timestamp'
    }
);
