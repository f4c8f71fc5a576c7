{%- macro invisible() -%}
    {#- White space and what shows nothing, variation selectors among it, as the inside of a regular expression's brackets. -#}
    {{ return('\\t\\n\\f\\r \\p{Z}\\p{Cc}\\p{Cf}\\p{Co}\\x{034F}\\x{115F}\\x{1160}\\x{180B}-\\x{180F}\\x{3164}\\x{FE00}-\\x{FE0F}\\x{FFA0}\\x{E0100}-\\x{E01EF}') }}
{%- endmacro -%}

{%- macro byte_count(text) -%}
    {#- Bytes of a text in UTF-8; as many as characters where all are ASCII, which is a quick look. -#}
    {{ return(adapter.dispatch('byte_count', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__byte_count(text) -%}
    strlen({{ text }})
{%- endmacro -%}

{%- macro spark__byte_count(text) -%}
    octet_length({{ text }})
{%- endmacro -%}

{%- macro lower_case(text) -%}
    {#- A text in small letters, one for each letter, whatever stands beside it. -#}
    {{ return(adapter.dispatch('lower_case', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__lower_case(text) -%}
    lower({{ text }})
{%- endmacro -%}

{%- macro spark__lower_case(text) -%}
    {#- Java makes two characters of the first, and another letter of the second at the end of a word. -#}
    lower(translate({{ text }}, 'İΣ', 'iσ'))
{%- endmacro -%}

{%- macro upper_case(text) -%}
    {#- A text in capitals, one for each letter. -#}
    {{ return(adapter.dispatch('upper_case', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__upper_case(text) -%}
    upper({{ text }})
{%- endmacro -%}

{%- macro spark__upper_case(text) -%}
    upper(translate({{ text }}, 'ß', 'ẞ'))
{%- endmacro -%}

{%- macro trimmed(text) -%}
    {#- A text without the spaces around it, those of Unicode among them. -#}
    {{ return(adapter.dispatch('trimmed', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__trimmed(text) -%}
    trim({{ text }})
{%- endmacro -%}

{%- macro spark__trimmed(text) -%}
    case
        when {{ byte_count(text) }} = length({{ text }}) then trim({{ text }})
        else {{ replaced(text, '^\\p{Zs}+|\\p{Zs}+\\z', '') }}
    end
{%- endmacro -%}

{%- macro cleaned(column) -%}
    {#- An id, code or word as it is compared (contract rule 11): without the white space and invisible characters around it, a whole number
        that was written as a decimal (92501.0) without its zeros, a UUID in small letters without braces; null where nothing is left. -#}
    {%- set around = '[' ~ invisible() ~ ']' -%}
    {%- set uuid = '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}' -%}
    {#- In nearly every row there is nothing to do, which a few looks at the text tell at a fifth of the cost of a pattern. #}
    case
        when
            {{ column }} >= '!' and {{ column }} < '{' and substr({{ column }}, -1) between '!' and '|'
            and {{ column }} not like '%.0%'
            and ({{ byte_count(column) }} not between 36 and 38 or {{ column }} = {{ lower_case(column) }})
            then {{ column }}
        when {{ matches_whole(column, around ~ '*\\{?' ~ uuid ~ '\\}?' ~ around ~ '*') }}
            then lower({{ first_match(column, uuid) }})
        else nullif({{ replaced(
            replaced(column, '^' ~ around ~ '+|' ~ around ~ '+\\z', ''), '^([0-9]+)\\.0+\\z', '\\1', is_once=true
        ) }}, '')
    end
{%- endmacro -%}

{%- macro plain_characters(text) -%}
    {#- A text with plain letters and digits in place of their full-width, mathematical, circled, squared and superscript
        forms, as Unicode's NFKC has them, and of the white on black ones (🆂🆃🅾🅿), which it leaves; without the invisible
        characters that break words. Superscript digits and ordinals (m², 1ª) stay. -#}
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
        (0x1f150, capitals),
        (0x1f170, capitals),
        (0x1fbf0, digits),
    ] -%}
    {%- set form = namespace(
        given='ℂℊℋℌℍℎℐℑℒℓℕℙℚℛℜℝℤℨℬℭℯℰℱℳℴℹⅅⅆⅇⅈⅉ⓪🄫🄬ʰʲʳʷʸˡˢˣᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁᵂᵃᵇᵈᵉᵍᵏᵐᵒᵖᵗᵘᵛᶜᶠᶻⁱⁿⱽꟲꟳꟴ𐞥',
        meant='CgHHHhIILlNPQRRRZZBCeEFMoiDdeij0CRhjrwylsxABDEGHIJKLMNOPRTUWabdegkmoptuvcfzinVCFQq'
    ) -%}
    {%- for first, characters in runs -%}
        {%- for place in range(characters | length) -%}
            {%- set form.given = form.given ~ '%c' % (first + place) -%}
        {%- endfor -%}
        {%- set form.meant = form.meant ~ characters -%}
    {%- endfor -%}
    {%- set unplain = '[\\x{FF10}-\\x{FF5A}\\x{1D400}-\\x{1D7FF}\\x{2460}-\\x{24EA}\\x{1F12B}-\\x{1F189}\\x{1FBF0}-\\x{1FBF9}'
        ~ '\\x{2B0}-\\x{2E3}\\x{1D2C}-\\x{1DBB}\\x{2071}\\x{207F}\\x{2C7D}\\x{A7F2}-\\x{A7F4}\\x{107A5}'
        ~ '\\x{2102}-\\x{2149}\\x{AD}\\x{200B}\\x{200C}\\x{2060}\\x{FEFF}]' -%}
    {#- What has no counterpart, at the end of the given ones, goes. #}
    case
        when {{ byte_count(text) }} <> length({{ text }}) and {{ matches(text, unplain) }}
            then translate({{ text }}, '{{ form.given }}{{ "\u00ad\u200b\u200c\u2060\ufeff" }}', '{{ form.meant }}')
        else {{ text }}
    end
{%- endmacro -%}

{%- macro composed(text) -%}
    {#- A text in Unicode's form NFC: letters and their accents as one character each; with spaces for zero bytes, at which DuckDB ends. -#}
    {{ return(adapter.dispatch('composed', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__composed(text) -%}
    nfc_normalize(replace({{ text }}, chr(0), ' '))
{%- endmacro -%}

{%- macro spark__composed(text) -%}
    {#- Spark has no function for it, but ships ICU, whose library has. -#}
    replace(
        case
            when {{ byte_count(text) }} > length({{ text }})
                then java_method('com.ibm.icu.text.Normalizer', 'compose', {{ text }}, false)
            else {{ text }}
        end,
        chr(0), ' '
    )
{%- endmacro -%}

{%- macro without_accents(text) -%}
    {#- A text without the accents of its letters. -#}
    {{ return(adapter.dispatch('without_accents', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__without_accents(text) -%}
    {#- A zero byte would end the text for strip_accents. -#}
    strip_accents(replace({{ text }}, chr(0), ' '))
{%- endmacro -%}

{%- macro spark__without_accents(text) -%}
    {%- set decomposed = "java_method('com.ibm.icu.text.Normalizer', 'decompose', " ~ text ~ ", false)" -%}
    replace(
        case
            when {{ byte_count(text) }} > length({{ text }})
                then java_method('com.ibm.icu.text.Normalizer', 'compose', {{ replaced(decomposed, '\\p{M}', '') }}, false)
            else {{ text }}
        end,
        chr(0), ' '
    )
{%- endmacro -%}

{%- macro normalized_keyword(text) -%}
    {#- A reply's text as keywords are compared (contract rule 6): plain characters, composed, lower case, without the
        white space, punctuation and invisible characters around it, or between its letters (S.T.O.P.). -#}
    {%- set around = '[\\t\\n\\f\\r \\p{P}\\p{Z}\\p{Cc}\\p{Cf}\\p{Co}$+<=>^`|~]+' -%}
    {%- set begun = replaced(composed(plain_characters(text)), '^' ~ around, '', is_once=true) -%}
    {{ lower_case(replaced(
        replaced(begun, around ~ '\\z', '', is_once=true),
        '^(\\pL)\\p{P}(\\pL)\\p{P}(\\pL)(?:\\p{P}(\\pL))?(?:\\p{P}(\\pL))?\\z',
        '\\1\\2\\3\\4\\5',
        is_once=true
    )) }}
{%- endmacro -%}

{%- macro folded_text(text) -%}
    {#- A text in plain characters, lower case and without accents. -#}
    {{ lower_case(without_accents(plain_characters(text))) }}
{%- endmacro -%}

{%- macro plain_words(folded_text) -%}
    {#- A folded text as words, without the mail that it quotes: without apostrophes, one space around each. Sentences
        end in a word of their own, `?` for a question and `.` for the others; the text begins with one too. -#}
    {#- Single spaces, most of what is between words, stay as they are: replacing them too would cost three times as
        much. Most texts ask nothing. -#}
    {%- set words = namespace(text="'.' || " ~ without_quoted_mail(folded_text) ~ " || '.'") -%}
    {%- for apostrophe in ["'", '’', '`', '´'] -%}
        {%- set words.text = "replace(" ~ words.text ~ ", " ~ text_literal(apostrophe) ~ ", '')" -%}
    {%- endfor -%}
    {%- set asked -%}
        case
            when {{ folded_text }} like '%?%' or {{ folded_text }} like '%？%'
                then {{ replaced(words.text, ' ?[?？][^\\p{L}\\p{N}]*', ' ? ') }}
            else {{ words.text }}
        end
    {%- endset -%}
    {{ replaced(
        replaced(asked, ' ?(?:[.!;:…()"|\\r\\n。！]| [-–—~])[^\\p{L}\\p{N}?]*', ' . '),
        ' *[^\\p{L}\\p{N}.? ][^\\p{L}\\p{N}.?]*| {2,}', ' '
    ) }}
{%- endmacro -%}

{%- macro without_quoted_mail(folded_text) -%}
    {#- A folded text without the lines that begin with > and the line above that says who wrote them, and without all
        below such a line, below one that says that the original message follows, or below the dashes of a signature. -#}
    {%- set wrote = '(?:wrote|schrieb|a ecrit|escribio|escreveu|ha scritto|schreef|skrev|napisa[lł]|pisze|написал)' -%}
    {%- set attribution = '(?:(?:^|[\\t\\n\\f\\r ])(?:on|am|le|el|il|op|em|den|dnia) [^\\n]*[0-9][^\\n]*\\n?[^\\n]*'
        ~ wrote ~ '[^\\n]*:|(?:^|\\n)[^\\n]*' ~ wrote ~ '[^\\n]*: *\\r?\\n)' -%}
    {%- set heading = '(?:^|\\n)[ \\t]*(?:--[ \\t\\r]*\\n|-{3,}|_{5,}|begin forwarded message|(?:from|von|de|da|van|fran): [^\\n]*\\n *'
        ~ '(?:sent|date|to|gesendet|envoye|enviado|inviato|verzonden|skickat|an|datum|para): )' -%}
    case
        when {{ matches(folded_text, '>|:|--|____') }}
            then {{ replaced(
                folded_text,
                '(?:' ~ attribution ~ '[\\t\\n\\f\\r ]*)?(?:(?:^|\\n)[ \\t]*>[^\\n]*)+|' ~ attribution ~ '(?s:.*)|' ~ heading ~ '(?s:.*)',
                ' . '
            ) }}
        else {{ folded_text }}
    end
{%- endmacro -%}

{%- macro e164(number, is_completed=false) -%}
    {#- A phone number as contract rule 11 keeps it; what is no number stays as delivered, but for a prefix such as whatsapp:.
        is_completed: whether national numbers are completed, where NUMBERING_PLAN says how those of DEFAULT_COUNTRY are
        written: calling code, trunk prefix, lengths without it, such as 44|0|10. -#}
    {%- set invisible = invisible() -%}
    {%- set is_completed = is_completed and env_var('NUMBERING_PLAN', '') -%}
    {#- Short codes and names that stay as they are, as many senders. -#}
    {%- set plain = '|[A-Za-z][A-Za-z0-9_&-]*' ~ ('' if is_completed else '|[1-9][0-9]{2,6}') -%}
    {%- set bare = replaced(
        replaced(
            "translate(%s, '＋０１２３４５６７８９', '+0123456789')" | format(number),
            '(?i)^[' ~ invisible ~ ']*(?:(?:whatsapp|rcs|sms|mms|tel):[' ~ invisible ~ ']*)?', '', is_once=true
        ),
        '(?i)^%2B', '+', is_once=true
    ) -%}
    {%- set separators = invisible ~ '\\p{Ps}\\p{Pe}\\p{Pd}./\\\\\\x{2212}' -%}
    {#- A bracketed trunk zero, then the zeros of a decimal, then what separates digits, and the quotes of a spreadsheet's text: '1555, ="1555". -#}
    {%- set without_zero = replaced(
        bare, '([0-9])[' ~ separators ~ ']*\\p{Ps}[' ~ invisible ~ ']*0[' ~ invisible ~ ']*\\p{Pe}', '\\1', is_once=true
    ) -%}
    {%- set digits = replaced(
        replaced(without_zero, '^(\\+?[0-9]+)\\.0+[' ~ invisible ~ ']*\\z', '\\1', is_once=true),
        '[' ~ separators ~ '\\x22\\x27=]', ''
    ) -%}
    {%- set international = replaced(
        replaced(digits, '^00([1-9])', '+\\1', is_once=true), '^([1-9][0-9]{7,14})\\z', '+\\1', is_once=true
    ) -%}
    case
        when {{ matches_whole(number, '\\+[1-9][0-9]*' ~ plain) }} then {{ number }}
        when not {{ matches_whole(digits, '\\+?[0-9]+') }} then nullif({{ trimmed(bare) }}, '')
        {%- if is_completed %}
        when {{ matches_whole(digits, '0?[1-9][0-9]*') }}
            then {{ completed_number(digits, international) }}
        {%- endif %}
        else {{ international }}
    end
{%- endmacro -%}

{%- macro completed_number(digits, international) -%}
    {#- Bare digits of a national number, with or without its trunk prefix, behind the country's calling code. Digits that are too long for one
        and begin with that code are international already. -#}
    {%- set calling_code, trunk_prefix, lengths = env_var('NUMBERING_PLAN').split('|') -%}
    case
        {%- if trunk_prefix %}
        when
            {{ digits }} like '{{ trunk_prefix }}%'
            and length({{ digits }}) - {{ trunk_prefix | length }} in ({{ lengths }})
            then '+{{ calling_code }}' || substr({{ digits }}, {{ trunk_prefix | length + 1 }})
        {%- endif %}
        when
            {{ digits }} like '{{ calling_code }}%'
            and length({{ digits }}) - {{ calling_code | length }} in ({{ lengths }})
            then '+' || {{ digits }}
        when length({{ digits }}) in ({{ lengths }}) then '+{{ calling_code }}' || {{ digits }}
        else {{ international }}
    end
{%- endmacro -%}

{%- macro is_number(number) -%}
    {#- Whether a number of rule 11 can be a phone's: a full international one, or a short code; also whether one could that was too old to
        be kept (orchestration/privacy/retention.py). -#}
    {{ matches_whole(number, '\\+[1-9][0-9]{6,14}|[1-9][0-9]{2,7}|\\+[0-9]*x[0-9a-f]{16}') }}
{%- endmacro -%}

{%- macro is_pseudonym(number) -%}
    {#- Whether it stands in place of a number that was too old to be kept (orchestration/privacy/retention.py). -#}
    {{ matches_whole(number, '(?:\\+[0-9]*|0)?[xX][0-9a-f]{16}') }}
{%- endmacro -%}

{%- macro is_digits(number) -%}
    {#- Whether a number says whose it is: one of digits alone, or what stands in place of one that was too old to be kept. Others, such as
        `4.479E+11`, can be several people's, and match nothing (contract rule 11). -#}
    {{ matches_whole(number, '\\+?[0-9]+|(?:\\+[0-9]*|0)x[0-9a-f]{16}') }}
{%- endmacro -%}

{%- macro is_pool(sender) -%}
    {#- Whether a sender is the id of a pool of numbers, such as a messaging service: no number, and longer than the 11 characters that a
        sender's name can have (3GPP TS 23.040, 9.1.2.5). -#}
    (length({{ sender }}) > 11 and not {{ matches_whole(sender, '\\+?[0-9]+') }})
{%- endmacro -%}

{%- macro is_national_number(number) -%}
    {#- Whether a number lacks its country: bare digits behind a 0; also whether one did that was too old to be kept. -#}
    {{ matches_whole(number, '\\+?0[0-9]{5,14}|0x[0-9a-f]{16}') }}
{%- endmacro -%}

{%- macro address_number(number, channel) -%}
    {#- A number as it is matched: on WhatsApp, Mexican, Argentine and Brazilian mobile numbers have two forms, with and without a digit behind
        the country's (contract rule 11), and are compared in the short one. -#}
    case
        when {{ channel }} <> 'whatsapp' then {{ number }}
        else {{ replaced(
            replaced(number, '^\\+(52)1([0-9]{10})\\z|^\\+(54)9([0-9]{10})\\z', '+\\1\\2\\3\\4', is_once=true),
            '^\\+55([1-9][1-9])9([6-9][0-9]{7})\\z', '+55\\1\\2', is_once=true
        ) }}
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

{%- macro spark__raw_record(columns) -%}
    {%- if columns %}
    struct({% for column in columns %}{{ adapter.quote(column) }}{{ ", " if not loop.last }}{% endfor %})
    {%- else %}
    cast(null as struct<none: string>)
    {%- endif %}
{%- endmacro -%}

{%- macro record_as_json(record) -%}
    {#- A value of `raw_record` as JSON text. -#}
    {{ return(adapter.dispatch('record_as_json', 'outbound_sms')(record)) }}
{%- endmacro -%}

{%- macro duckdb__record_as_json(record) -%}
    cast(to_json({{ record }}) as varchar)
{%- endmacro -%}

{%- macro spark__record_as_json(record) -%}
    to_json({{ record }}, map('ignoreNullFields', 'false'))
{%- endmacro -%}

{%- macro value_at_latest(value, time, id) -%}
    {#- Aggregate: a column of the row with the latest time, then the larger id; null where that row has null. -#}
    {{ return(adapter.dispatch('value_at_latest', 'outbound_sms')(value, time, id)) }}
{%- endmacro -%}

{%- macro duckdb__value_at_latest(value, time, id) -%}
    struct_extract(max_by(struct_pack(v := {{ value }}), ({{ time }}, {{ id }})), 'v')
{%- endmacro -%}

{%- macro spark__value_at_latest(value, time, id) -%}
    max_by(struct({{ value }} as v), struct({{ time }}, {{ id }})).v
{%- endmacro -%}
