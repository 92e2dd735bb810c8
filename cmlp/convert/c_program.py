"""The program in an exported C file: it reads CSV and writes predictions."""

import numpy as np

from cmlp.convert.c_tables import table_of_texts
from cmlp.data.kinds import DATE, IGNORED
from cmlp.model import Model

FIND = """\
static double find(const char *field, const char *const *names, int n)
{
    int k;
    for (k = 0; k < n; k++)
        if (strcmp(field, names[k]) == 0) return k;
    return -1;
}

"""

DATES = """\
/* an ISO 8601 date or moment, in days since 1970-01-01 */
static double date(const char *field, int *wrong)
{
    int year, month, day, hour = 0, minute = 0, used = 0, sign, away = 0, over = 0;
    double second = 0, era, since;
    char *end;
    if (sscanf(field, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) used = 0;
    if (!used || month < 1 || month > 12 || day < 1 || day > 31) return *wrong += 1, 0;
    field += used;
    if (*field == 'T' || *field == ' ') {
        if (sscanf(field + 1, "%2d:%2d%n", &hour, &minute, &used) != 2) return *wrong += 1, 0;
        field += 1 + used;
        if (*field == ':') second = strtod(field + 1, &end), field = end;
    }
    sign = *field == '+' ? 1 : *field == '-' ? -1 : 0;
    if (sign && sscanf(field + 1, "%2d:%2d%n", &away, &over, &used) == 2) field += 1 + used;
    if (*field == 'Z') field++;
    if (*field) *wrong += 1;
    if (month <= 2) year--;
    era = floor(year / 400.0);
    since = year - era * 400;
    since = 365 * since + floor(since / 4) - floor(since / 100) + floor((153 * ((month + 9) % 12) + 2) / 5.0) + day - 1;
    return era * 146097 + since - 719468 + ((hour * 60 + minute - sign * (away * 60 + over)) * 60 + second) / 86400;
}

"""

HEADER_OF_NAMES = """\
int found = 0;
            for (i = 0; i < N_INPUTS; i++)
                for (j = 0; j < n; j++)
                    if (!inputs[i] || strcmp(inputs[i], fields[j]) == 0) {
                        place[i] = j;
                        found++;
                        break;
                    }
            if (found == N_INPUTS) {
                width = n;
                continue;
            }
            for (i = 0; i < N_INPUTS; i++) place[i] = i;"""

HEADER_OF_TEXT = """\
for (i = 0; i < n && i < N_INPUTS; i++) value(fields[i], i, &wrong);
            if (n == N_INPUTS && wrong == n) continue;
            wrong = 0;"""

LABEL = """\
put(stdout, {prefix}class_names[{prefix}predict_class(x)]);
        putchar(',');"""

MAIN = """\
#ifdef CMLP_MAIN
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

{inputs}{heading}
enum {{ MOST_FIELDS = 1 << 16 }};
static char record[1 << 20];
static char *fields[MOST_FIELDS];

{find}{dates}/* a string as a CSV field */
static void put(FILE *file, const char *s)
{{
    if (!strpbrk(s, ",\\"\\r\\n")) {{
        fputs(s, file);
        return;
    }}
    putc('"', file);
    for (; *s; s++) {{
        if (*s == '"') putc('"', file);
        putc(*s, file);
    }}
    putc('"', file);
}}

/* whether a field is a word, in any case */
static int is(const char *field, const char *word)
{{
    while (*word && tolower((unsigned char)*field) == *word) field++, word++;
    return !*word && !*field;
}}

/* a field as a number; *wrong counts the invalid ones */
static double value(const char *field, int column, int *wrong)
{{
    char *end;
    double v;
    {lookups}
    if (!*field || is(field, "na") || is(field, "n/a") || is(field, "nan") || is(field, "null") || is(field, "none")) {{
        {missing}
    }}
    {date_columns}if (is(field, "true")) return 1;
    if (is(field, "false")) return 0;
    v = strtod(field, &end);
    if (*end || !isfinite(v)) *wrong += 1;
    return v;
}}

/* reads a record, whose quoted fields may span lines; the number of its fields, 0 at the end, -1 if it cannot be read */
static int read_record(long *line)
{{
    size_t length = 0;
    int n = 0, quotes = 0;
    char *from = record, *to, *p;
    do {{
        p = record + length;
        if (!fgets(p, (int)(sizeof record - length), stdin)) return length ? -1 : 0;
        *line += 1;
        for (; *p; p++) quotes += *p == '"';
        length = (size_t)(p - record);
        if (length + 1 == sizeof record) return -1;
    }} while (quotes % 2);
    while (length && (record[length - 1] == '\\n' || record[length - 1] == '\\r')) record[--length] = 0;
    if (*line == 1 && strncmp(record, "\\357\\273\\277", 3) == 0) from += 3; /* a byte order mark */
    for (to = from; n < MOST_FIELDS; from++) {{
        fields[n++] = to;
        while (*from == ' ') from++;
        if (*from == '"') {{
            for (from++; *from && (*from != '"' || from[1] == '"'); *to++ = *from++)
                if (*from == '"') from++;
            while (*from && *from != ',') from++;
        }} else {{
            while (*from && *from != ',') *to++ = *from++;
            while (to > fields[n - 1] && to[-1] == ' ') to--;
        }}
        if (!*from) {{
            *to = 0;
            return n;
        }}
        *to++ = 0;
    }}
    return -1;
}}

/* reads CSV: with a header the inputs by their names, in any order and among others, else the inputs in order */
int main(void)
{{
    static int place[N_INPUTS];
    static input x[N_INPUTS];
    static output y[N_OUTPUTS];
    long line = 0;
    int n, i, j, width = N_INPUTS, first = 1;
    for (i = 0; i < (int)(sizeof heading / sizeof *heading); i++) {{
        if (i) putchar(',');
        put(stdout, heading[i]);
    }}
    putchar('\\n');
    for (i = 0; i < N_INPUTS; i++) place[i] = i;
    for (j = 0; (n = read_record(&line)) != 0; ) {{
        int wrong = 0;
        if (n < 0) {{
            fprintf(stderr, "line %ld: a quote is not closed, or the line is too long\\n", line);
            return 1;
        }}
        if (n == 1 && !*fields[0]) continue;
        if (first) {{
            first = 0;
            {header}
        }}
        if (n != width) {{
            fprintf(stderr, "line %ld: %d fields, must be %d\\n", line, n, width);
            return 1;
        }}
        for (i = 0; i < N_INPUTS; i++) {{
            x[i] = (input)value(fields[place[i]], i, &wrong);
            if (wrong) {{
                fprintf(stderr, "line %ld, column %d: must be a number, got '%.40s'\\n", line, place[i] + 1, fields[place[i]]);
                return 1;
            }}
        }}
        {prefix}predict(x, y);
        {label}
        for (i = 0; i < N_OUTPUTS; i++)
            printf("%.{digits}g%c", (double)y[i], i + 1 < N_OUTPUTS ? ',' : '\\n');
    }}
    (void)j;
    return 0;
}}
#endif
"""


def main(model: Model, prefix: str) -> str:
    """The program: strings are looked up among the categories of their column, dates become days."""
    columns = model.prepared
    names = model.columns.names if model.columns is not None else None
    kinds = [] if columns is None else columns.kinds
    lookups, may_be_missing = [], []
    for place, known in zip(columns.categorical, columns.categories) if columns is not None else ():
        if known.are_text:
            lookups.append(f"if (column == {place}) return find(field, categories_{place}, {len(known.levels)});")
        else:
            may_be_missing.append(place)
    has_text = bool(lookups)
    lookups += [f"if (column == {place}) return 0;" for place, kind in enumerate(kinds) if kind == IGNORED]
    dates = [place for place, kind in enumerate(kinds) if kind == DATE]
    if columns is not None and columns.fill is not None:
        may_be_missing += [each.place for each, fill in zip(columns.features, columns.fill) if not np.isinf(fill)]
    is_classifier = model.meaning.task == "classification"
    heading = ["prediction"] if is_classifier else []
    heading += model.output_names()
    return MAIN.format(
        prefix=prefix,
        find=FIND if has_text else "",
        dates=DATES if dates else "",
        lookups="\n    ".join(lookups) if lookups else "(void)column;",
        date_columns="".join(f"if (column == {place}) return date(field, wrong);\n    " for place in dates),
        missing=missing_in(sorted(set(may_be_missing)), model.n_inputs),
        inputs="" if names is None else table_of_texts("inputs", without(names, kinds)),
        header=HEADER_OF_TEXT if names is None else HEADER_OF_NAMES,
        heading=table_of_texts("heading", heading),
        label=LABEL.format(prefix=prefix) if is_classifier else "",
        digits=9 if model.network.dtype == np.float32 and model.scale is None else 17,
    )


def without(names: list[str], kinds: list[str]) -> list[str | None]:
    """The names as a file has them, None for columns that need not be there."""
    return [None if kinds and kinds[place] == IGNORED else name.strip() for place, name in enumerate(names)]


def missing_in(places: list[int], n_inputs: int) -> str:
    """The code for an empty field: a missing value where the model imputes it, else invalid."""
    if len(places) == n_inputs:
        return "return NAN;"
    if not places:
        return "*wrong += 1;\n        return 0;"
    return f"if ({' || '.join(f'column == {place}' for place in places)}) return NAN;\n        *wrong += 1;\n        return 0;"
