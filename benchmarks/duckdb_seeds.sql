-- What both scripts begin with: settings, the rules that are one expression, and the seeds. Variables: seeds, folder of
-- the seeds; as_of, the moment of the report.

set preserve_insertion_order = false;

create macro e164_of_digits(digits) as case
    when digits like '00%' then '+' || digits[3:]
    when regexp_full_match(digits, '[0-9]{8,15}') then '+' || digits
    else digits
end;

create macro e164(number) as case
    when number is null or regexp_full_match(number, '\+[0-9]+') then number
    else e164_of_digits(regexp_replace(number, '[\s().\-/]', '', 'g'))
end;

create macro csv_text(text) as case
    when regexp_full_match(text, '[+-][0-9]+') then text
    when regexp_matches(text, '^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠]') or regexp_matches(text, '^[\t\r\n]') then '''' || text
    else text
end;

create macro keyword_text(text) as lower(regexp_replace(
    nfc_normalize(text), '^[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+|[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+$', '', 'g'
));

create macro delivery_status_of(is_delivered, has_issue, is_canceled, is_waiting, sent_at) as case
    when is_delivered then 'delivered'
    when has_issue then 'issue'
    when is_canceled then 'canceled'
    when is_waiting then 'pending'
    when getvariable('as_of') >= sent_at + interval 72 hours then 'unconfirmed'
    else 'pending'
end;

create macro iso_8601(moment) as replace(strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z');

create macro seconds_between(earlier, later) as (epoch_us(later) - epoch_us(earlier)) / 1000000.0::double;

create temp table issue_reasons as
from read_csv(getvariable('seeds') || '/issue_reasons.csv', header = true, all_varchar = true);

create temp table carrier_error_codes as
from read_csv(getvariable('seeds') || '/carrier_error_codes.csv', header = true, all_varchar = true);

create temp table providers as
from read_csv(getvariable('seeds') || '/providers.csv', header = true, all_varchar = true);

create temp table countries as
from read_csv(getvariable('seeds') || '/countries.csv', header = true, all_varchar = true);

create temp table keywords as
select
    keyword_text(keywords.keyword) as normalized,
    keywords.keyword,
    keywords.keyword_group,
    keyword_groups.is_opt_out::boolean as is_opt_out
from read_csv(getvariable('seeds') || '/keywords.csv', header = true, all_varchar = true) as keywords
inner join read_csv(getvariable('seeds') || '/keyword_groups.csv', header = true, all_varchar = true) as keyword_groups
    on keywords.keyword_group = keyword_groups.keyword_group;
