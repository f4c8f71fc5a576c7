{%- macro asks_to_opt_out(words) -%}
    {#- Whether a text asks for no more messages in ordinary language, by the phrases of the seed `opt_out_phrases`:
        what matches an exception is taken away, and what is left has to match a request. words: a column of
        `plain_words`. -#}
    {%- if not execute -%}{%- do ref('opt_out_phrases') -%}{%- endif -%}
    {#- The phrases are written into the statement as patterns: DuckDB compiles a pattern that comes out of a table
        anew for each row, which takes ten thousand times as long. Most texts match no request, and are through after
        the first look; of the others few hold an exception, and taking it away takes long. -#}
    {%- set patterns = opt_out_patterns() -%}
    {%- set exception = patterns.exception | join('|') -%}
    case
        when not ({{ matches_any(words, patterns.request) }}) then false
        when not {{ matches(words, exception) }} then true
        else {{ matches_any(replaced(words, exception, ' # '), patterns.request) }}
    end
{%- endmacro -%}

{%- macro matches_any(text, patterns) -%}
    {%- for pattern in patterns %}
    {{ "or " if not loop.first }}{{ matches(text, pattern) }}
    {%- endfor %}
{%- endmacro -%}

{%- macro opt_out_patterns() -%}
    {#- The phrases of each kind as regular expressions; one that nothing matches where there are no phrases, as while
        the project is only parsed. How phrases are written: docs/opt_outs.md. -#}
    {#- Requests are split: an expression of more than some 15,000 characters outgrows the memory of the engine's
        automaton, and then takes 20 times as long. -#}
    {%- set longest = 13000 -%}
    {%- set found = {'request': [[]], 'exception': [[]]} -%}
    {%- set phrases = built_seed('opt_out_phrases') if execute -%}
    {%- if phrases -%}
        {%- set rows = run_query(
            "select phrase_kind, word_list, " ~ without_accents('pattern') ~ " as pattern from " ~ phrases ~ " order by all"
        ).rows -%}
        {%- for row in rows if row.phrase_kind in found -%}
            {%- set pattern = namespace(text=row.pattern) -%}
            {%- for _ in range(2) -%}
                {%- for words in rows if words.phrase_kind == 'words' -%}
                    {%- set pattern.text = pattern.text
                        .replace('{' ~ words.word_list ~ '}', '(?:' ~ words.pattern ~ ')') -%}
                {%- endfor -%}
            {%- endfor -%}
            {%- set pattern.text = pattern.text
                .replace(' ... ', ' (?:[^ .?]+ ){0,4}')
                .replace('[^', '[\n').replace('^', '^ [.] ').replace('[\n', '[^')
                .replace('<', '[.?] ').replace('>', ' [.]').replace('$', ' [.] \\z') -%}
            {%- set parts = found[row.phrase_kind] -%}
            {%- if row.phrase_kind == 'request' and (parts[-1] + [pattern.text]) | join('|') | length > longest -%}
                {%- do parts.append([]) -%}
            {%- endif -%}
            {%- do parts[-1].append(pattern.text) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set patterns = {} -%}
    {%- for kind, parts in found.items() -%}
        {%- do patterns.update({kind: []}) -%}
        {%- for part in parts -%}
            {%- do patterns[kind].append(
                '(?:^| )(?:' ~ part | join('|') ~ ')(?: |\\z)' if part else '[^\\x{0}-\\x{10FFFF}]'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(patterns) }}
{%- endmacro -%}

{%- macro is_reaction(folded_text) -%}
    {#- Whether a text is a reaction to a message that a phone sent as a text, such as Liked “…”, by the phrases of the
        seed `reaction_phrases`. folded_text: a column of `folded_text`. -#}
    {%- if not execute -%}{%- do ref('reaction_phrases') -%}{%- endif -%}
    {%- set quotes = '"“”„«»‹›‘’‚「」『』' ~ "'" -%}
    {%- set space = '\\t\\n\\f\\r \\p{Z}' -%}
    {#- Ranges, since classes such as \p{S} take 30 times as long. #}
    {%- set pictures = '‼⁉\\x{2190}-\\x{2BFF}\\x{1F000}-\\x{1FAFF}' -%}
    {%- set signs = {
        '{text}': '[' ~ quotes ~ '].*[' ~ quotes ~ '…]',
        '{emoji}': '[' ~ pictures ~ '][' ~ pictures ~ '\\x{200D}\\x{FE0F}\\x{E0020}-\\x{E007F}' ~ space ~ ']*',
    } -%}
    {%- set patterns = [] -%}
    {%- set phrases = built_seed('reaction_phrases') if execute -%}
    {%- if phrases -%}
        {%- for row in run_query("select " ~ without_accents('pattern') ~ " as pattern from " ~ phrases ~ " order by all").rows -%}
            {%- set pattern = namespace(text=row.pattern.replace(' ', '[' ~ space ~ ']*')) -%}
            {%- for sign, meaning in signs.items() -%}
                {%- set pattern.text = pattern.text.replace(sign, meaning) -%}
            {%- endfor -%}
            {%- do patterns.append(pattern.text) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set around = '[' ~ space ~ '\\p{Cc}\\p{Cf}\\p{Co}' -%}
    {{ matches(
        folded_text,
        '^(?s:' ~ around ~ ']*(?:' ~ (patterns | join('|') or '[^\\x{0}-\\x{10FFFF}]') ~ ')' ~ around ~ '.]*)\\z'
    ) }}
{%- endmacro -%}
