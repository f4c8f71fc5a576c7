{%- macro cleaned(column) -%}
    {#- An id, code or word as it is compared (contract rule 11): without the white space and invisible characters around it, a whole number
        that was written as a decimal (92501.0) without its zeros, a UUID in small letters without braces; null where nothing is left. -#}
    {{ return(adapter.dispatch('cleaned', 'outbound_sms')(column)) }}
{%- endmacro -%}

{%- macro duckdb__invisible() -%}
    {#- White space and what shows nothing, variation selectors among it, as the inside of a regular expression's brackets. -#}
    {{ return('\\s\\p{Z}\\p{C}\\x{034F}\\x{115F}\\x{1160}\\x{180B}-\\x{180F}\\x{3164}\\x{FE00}-\\x{FE0F}\\x{FFA0}\\x{E0100}-\\x{E01EF}') }}
{%- endmacro -%}

{%- macro duckdb__cleaned(column) -%}
    {%- set around = '[' ~ duckdb__invisible() ~ ']' -%}
    {%- set uuid = '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}' -%}
    {#- In nearly every row there is nothing to do, which a few looks at the text tell at a third of the cost of a pattern. #}
    case
        when
            {{ column }} >= '!' and {{ column }}[-1] between '!' and '~' and strlen({{ column }}) = length({{ column }})
            and not (ends_with({{ column }}, '0') and contains({{ column }}, '.0')) and strlen({{ column }}) not between 36 and 38
            then {{ column }}
        when regexp_full_match({{ column }}, '{{ around }}*\{?{{ uuid }}\}?{{ around }}*')
            then lower(regexp_extract({{ column }}, '{{ uuid }}'))
        else nullif(regexp_replace(
            regexp_replace({{ column }}, '^{{ around }}+|{{ around }}+$', '', 'g'), '^([0-9]+)\.0+$', '\1'
        ), '')
    end
{%- endmacro -%}

{%- macro plain_characters(text) -%}
    {#- A text with plain letters, digits and signs in place of their full-width, mathematical, circled and squared
        forms, as Unicode's NFKC has them, and without the invisible characters that break words. -#}
    {{ return(adapter.dispatch('plain_characters', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__plain_characters(text) -%}
    {#- Runs of code points by their first one. translate() makes its map anew for each row, so only texts that have any
        such character are given to it. -#}
    {%- set capitals, digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789' -%}
    {%- set letters = capitals ~ capitals | lower -%}
    {%- set runs = [
        (0xff10, digits),
        (0xff21, capitals),
        (0xff41, capitals | lower),
        (0x1d400, letters * 13),
        (0x1d7ce, digits * 5),
        (0x2460, digits[1:]),
        (0x24b6, letters),
        (0x1f130, capitals),
        (0x1fbf0, digits),
    ] -%}
    {%- set form = namespace(given='ℂℊℋℌℍℎℐℑℒℓℕℙℚℛℜℝℤℨℬℭℯℰℱℳℴℹⅅⅆⅇⅈⅉ⓪🄫🄬', meant='CgHHHhIILlNPQRRRZZBCeEFMoiDdeij0CR') -%}
    {%- for first, characters in runs -%}
        {%- for place in range(characters | length) -%}
            {%- set form.given = form.given ~ '%c' % (first + place) -%}
        {%- endfor -%}
        {%- set form.meant = form.meant ~ characters -%}
    {%- endfor -%}
    {#- What has no counterpart, at the end of the given ones, goes. #}
    case
        when strlen({{ text }}) <> length({{ text }}) and regexp_matches(
            {{ text }},
            '[\x{FF10}-\x{FF5A}\x{1D400}-\x{1D7FF}\x{2460}-\x{24EA}\x{1F12B}-\x{1F149}\x{1FBF0}-\x{1FBF9}\x{2102}-\x{2149}\x{AD}\x{200B}\x{200C}\x{2060}\x{FEFF}]'
        )
            then translate({{ text }}, '{{ form.given }}{{ "\u00ad\u200b\u200c\u2060\ufeff" }}', '{{ form.meant }}')
        else {{ text }}
    end
{%- endmacro -%}

{%- macro normalized_keyword(text) -%}
    {#- A reply's text as keywords are compared (contract rule 6): plain characters, composed, lower case, without the
        white space, punctuation and invisible characters around it, or between its letters (S.T.O.P.). -#}
    {{ return(adapter.dispatch('normalized_keyword', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__normalized_keyword(text) -%}
    {%- set around = '[\\s\\p{P}\\p{Z}\\p{C}$+<=>^`|~]+' -%}
    lower(regexp_replace(
        regexp_replace(
            regexp_replace(nfc_normalize({{ plain_characters(text) }}), '^{{ around }}', ''),
            '{{ around }}$',
            ''
        ),
        '^(\pL)\p{P}(\pL)\p{P}(\pL)(?:\p{P}(\pL))?(?:\p{P}(\pL))?$',
        '\1\2\3\4\5'
    ))
{%- endmacro -%}

{%- macro folded_text(text) -%}
    {#- A text in plain characters, lower case and without accents. -#}
    {{ return(adapter.dispatch('folded_text', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__folded_text(text) -%}
    {#- A zero byte would end the text for strip_accents. -#}
    lower(strip_accents(replace({{ plain_characters(text) }}, chr(0), ' ')))
{%- endmacro -%}

{%- macro plain_words(folded_text) -%}
    {#- A folded text as words, without the mail that it quotes: without apostrophes, one space around each. Sentences
        end in a word of their own, `?` for a question and `.` for the others; the text begins with one too. -#}
    {{ return(adapter.dispatch('plain_words', 'outbound_sms')(folded_text)) }}
{%- endmacro -%}

{%- macro duckdb__plain_words(folded_text) -%}
    {#- Single spaces, most of what is between words, stay as they are: replacing them too would cost three times as
        much. Most texts ask nothing. -#}
    {%- set words = namespace(text="'.' || " ~ duckdb__without_quoted_mail(folded_text) ~ " || '.'") -%}
    {%- for apostrophe in ["''", '’', '`', '´'] -%}
        {%- set words.text = "replace(" ~ words.text ~ ", '" ~ apostrophe ~ "', '')" -%}
    {%- endfor -%}
    regexp_replace(
        regexp_replace(
            case
                when contains({{ folded_text }}, '?') or contains({{ folded_text }}, '？')
                    then regexp_replace({{ words.text }}, ' ?[?？][^\p{L}\p{N}]*', ' ? ', 'g')
                else {{ words.text }}
            end,
            ' ?(?:[.!;:…()"|\r\n。！]| [-–—~])[^\p{L}\p{N}?]*', ' . ', 'g'
        ),
        ' *[^\p{L}\p{N}.? ][^\p{L}\p{N}.?]*| {2,}', ' ', 'g'
    )
{%- endmacro -%}

{%- macro duckdb__without_quoted_mail(folded_text) -%}
    {#- Lines that begin with > with the line above that says who wrote them, and all below such a line, or below one
        that says that the original message follows. -#}
    {%- set wrote = '(?:wrote|schrieb|a ecrit|escribio|escreveu|ha scritto|schreef|skrev|napisa[lł]|pisze|написал)' -%}
    {%- set attribution = '(?:(?:^|\\s)(?:on|am|le|el|il|op|em|den|dnia) [^\\n]*[0-9][^\\n]*\\n?[^\\n]*'
        ~ wrote ~ '[^\\n]*:|(?:^|\\n)[^\\n]*' ~ wrote ~ '[^\\n]*: *\\n)' -%}
    {%- set heading = '(?:^|\\n)[ \\t]*(?:-{3,}|_{5,}|begin forwarded message|(?:from|von|de|da|van|fran): [^\\n]*\\n *'
        ~ '(?:sent|date|to|gesendet|envoye|enviado|inviato|verzonden|skickat|an|datum|para): )' -%}
    case
        when contains({{ folded_text }}, '>') or contains({{ folded_text }}, ':') or contains({{ folded_text }}, '---') or contains({{ folded_text }}, '____')
            then regexp_replace(
                {{ folded_text }},
                '(?:{{ attribution }}\s*)?(?:(?:^|\n)[ \t]*>[^\n]*)+|{{ attribution }}(?s:.*)|{{ heading }}(?s:.*)',
                ' . ', 'g'
            )
        else {{ folded_text }}
    end
{%- endmacro -%}

{%- macro e164(number, is_completed=false) -%}
    {#- A phone number as contract rule 11 keeps it; what is no number stays as delivered, but for a prefix such as whatsapp:.
        is_completed: whether national numbers are completed, where NUMBERING_PLAN says how those of DEFAULT_COUNTRY are
        written: calling code, trunk prefix, lengths without it, such as 44|0|10. -#}
    {{ return(adapter.dispatch('e164', 'outbound_sms')(number, is_completed)) }}
{%- endmacro -%}

{%- macro duckdb__e164(number, is_completed=false) -%}
    {%- set invisible = duckdb__invisible() -%}
    {%- set is_completed = is_completed and env_var('NUMBERING_PLAN', '') -%}
    {#- Short codes and names that stay as they are, as many senders. -#}
    {%- set plain = '|[A-Za-z][A-Za-z0-9_&-]*' ~ ('' if is_completed else '|[1-9][0-9]{2,6}') -%}
    {%- set bare -%}
        regexp_replace(
            regexp_replace(
                translate({{ number }}, '＋０１２３４５６７８９', '+0123456789'),
                '(?i)^[{{ invisible }}]*(?:(?:whatsapp|rcs|sms|mms|tel):[{{ invisible }}]*)?', ''
            ),
            '(?i)^%2B', '+'
        )
    {%- endset -%}
    {#- A bracketed trunk zero, then the zeros of a decimal, then what separates digits. -#}
    {%- set digits -%}
        regexp_replace(
            regexp_replace(
                regexp_replace({{ bare }}, '([0-9][{{ invisible }}]*)[\p{Ps}][{{ invisible }}]*0[{{ invisible }}]*[\p{Pe}]', '\1'),
                '^(\+?[0-9]+)\.0+[{{ invisible }}]*$', '\1'
            ),
            '[{{ invisible }}\p{Ps}\p{Pe}\p{Pd}./\\\x{2212}]', '', 'g'
        )
    {%- endset -%}
    {%- set international -%}
        regexp_replace(regexp_replace({{ digits }}, '^00([1-9])', '+\1'), '^([1-9][0-9]{7,14})$', '+\1')
    {%- endset -%}
    case
        when regexp_full_match({{ number }}, '\+[1-9][0-9]*{{ plain }}') then {{ number }}
        when not regexp_full_match({{ digits }}, '\+?[0-9]+') then nullif(trim({{ bare }}), '')
        {%- if is_completed %}
        when regexp_full_match({{ digits }}, '0?[1-9][0-9]*')
            then {{ duckdb__completed_number(digits, international) }}
        {%- endif %}
        else {{ international }}
    end
{%- endmacro -%}

{%- macro duckdb__completed_number(digits, international) -%}
    {#- Bare digits of a national number, with or without its trunk prefix, behind the country's calling code. Digits that are too long for one
        and begin with that code are international already. -#}
    {%- set calling_code, trunk_prefix, lengths = env_var('NUMBERING_PLAN').split('|') -%}
    case
        {%- if trunk_prefix %}
        when
            starts_with({{ digits }}, '{{ trunk_prefix }}')
            and length({{ digits }}) - {{ trunk_prefix | length }} in ({{ lengths }})
            then '+{{ calling_code }}' || substr({{ digits }}, {{ trunk_prefix | length + 1 }})
        {%- endif %}
        when
            starts_with({{ digits }}, '{{ calling_code }}')
            and length({{ digits }}) - {{ calling_code | length }} in ({{ lengths }})
            then '+' || {{ digits }}
        when length({{ digits }}) in ({{ lengths }}) then '+{{ calling_code }}' || {{ digits }}
        else {{ international }}
    end
{%- endmacro -%}

{%- macro is_number(number) -%}
    {#- Whether a number of rule 11 can be a phone's: a full international one, or a short code; also whether one could that was too old to
        be kept (orchestration/privacy/retention.py). -#}
    {{ return(adapter.dispatch('is_number', 'outbound_sms')(number)) }}
{%- endmacro -%}

{%- macro duckdb__is_number(number) -%}
    regexp_full_match({{ number }}, '\+[1-9][0-9]{6,14}|[1-9][0-9]{2,7}|\+[0-9]*x[0-9a-f]{16}')
{%- endmacro -%}

{%- macro is_pseudonym(number) -%}
    {#- Whether it stands in place of a number that was too old to be kept (orchestration/privacy/retention.py). -#}
    {{ return(adapter.dispatch('is_pseudonym', 'outbound_sms')(number)) }}
{%- endmacro -%}

{%- macro duckdb__is_pseudonym(number) -%}
    regexp_full_match({{ number }}, '(?:\+[0-9]*|0)?[xX][0-9a-f]{16}')
{%- endmacro -%}

{%- macro is_pool(sender) -%}
    {#- Whether a sender is the id of a pool of numbers, such as a messaging service: no number, and longer than the 11 characters that a
        sender's name can have (3GPP TS 23.040, 9.1.2.5). -#}
    {{ return(adapter.dispatch('is_pool', 'outbound_sms')(sender)) }}
{%- endmacro -%}

{%- macro duckdb__is_pool(sender) -%}
    length({{ sender }}) > 11 and not regexp_full_match({{ sender }}, '\+?[0-9]+')
{%- endmacro -%}

{%- macro is_national_number(number) -%}
    {#- Whether a number lacks its country: bare digits behind a 0; also whether one did that was too old to be kept. -#}
    {{ return(adapter.dispatch('is_national_number', 'outbound_sms')(number)) }}
{%- endmacro -%}

{%- macro duckdb__is_national_number(number) -%}
    regexp_full_match({{ number }}, '\+?0[0-9]{5,14}|0x[0-9a-f]{16}')
{%- endmacro -%}

{%- macro address_number(number, channel) -%}
    {#- A number as it is matched: on WhatsApp, Mexican, Argentine and Brazilian mobile numbers have two forms, with and without a digit behind
        the country's (contract rule 11), and are compared in the short one. -#}
    {{ return(adapter.dispatch('address_number', 'outbound_sms')(number, channel)) }}
{%- endmacro -%}

{%- macro duckdb__address_number(number, channel) -%}
    case
        when {{ channel }} <> 'whatsapp' then {{ number }}
        else regexp_replace(regexp_replace({{ number }}, '^\+(52)1([0-9]{10})$|^\+(54)9([0-9]{10})$', '+\1\2\3\4'),
            '^\+55([1-9][1-9])9([6-9][0-9]{7})$', '+55\1\2')
    end
{%- endmacro -%}

{%- macro raw_record(columns) -%}
    {#- A row's columns as delivered, as one value, which `record_as_json` writes out for the few rows that are set apart. -#}
    {{ return(adapter.dispatch('raw_record', 'outbound_sms')(columns)) }}
{%- endmacro -%}

{%- macro duckdb__raw_record(columns) -%}
    {%- if columns %}
    struct_pack({% for column in columns %}"{{ column }}" := "{{ column }}"{{ ", " if not loop.last }}{% endfor %})
    {%- else %}
    cast(null as varchar)
    {%- endif %}
{%- endmacro -%}

{%- macro record_as_json(record) -%}
    {#- A value of `raw_record` as JSON text. -#}
    {{ return(adapter.dispatch('record_as_json', 'outbound_sms')(record)) }}
{%- endmacro -%}

{%- macro duckdb__record_as_json(record) -%}
    cast(to_json({{ record }}) as varchar)
{%- endmacro -%}

{%- macro value_at_latest(value, time, id) -%}
    {#- Aggregate: a column of the row with the latest time, then the larger id; null where that row has null. -#}
    {{ return(adapter.dispatch('value_at_latest', 'outbound_sms')(value, time, id)) }}
{%- endmacro -%}

{%- macro duckdb__value_at_latest(value, time, id) -%}
    struct_extract(max_by(struct_pack(v := {{ value }}), ({{ time }}, {{ id }})), 'v')
{%- endmacro -%}
