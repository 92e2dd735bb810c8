"""Tables of every kind: the same columns whatever holds them, and whatever dtype they have later."""

import datetime
from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp.data import ColumnError, Columns, Table

N = 60


def columns():
    rng = np.random.default_rng(0)
    begin = datetime.datetime(2024, 2, 27, 22, 30)
    return {
        "size": [None if k % 9 == 4 else float(value) for k, value in enumerate(rng.normal(50, 9, N))],
        "rooms": rng.integers(1, 6, N).tolist(),
        "town": [None if k % 11 == 5 else str(town) for k, town in enumerate(rng.choice(["Bern", "Basel", "Chur"], N))],
        "new": (rng.random(N) < 0.4).tolist(),
        "sold": [None if k == 8 else begin + datetime.timedelta(hours=7 * k) for k in range(N)],
        "took": [datetime.timedelta(hours=int(hours)) for hours in rng.integers(1, 99, N)],
        "price": [Decimal(k) / 4 for k in range(N)],
    }


SETTINGS = {"scale": "standard", "impute": True, "categorical_features": "from_dtype", "dates": True}


def pandas_frame(data):
    return pytest.importorskip("pandas").DataFrame(data)


def pandas_nullable(data):
    return pandas_frame(data).convert_dtypes()


def pandas_objects(data):
    return pandas_frame({name: np.array(column, dtype=object) for name, column in data.items()})


def pandas_na(data):
    pd = pytest.importorskip("pandas")
    return pandas_objects({name: [pd.NA if value is None else value for value in column] for name, column in data.items()})


def pandas_arrow(data):
    pytest.importorskip("pyarrow")
    return pandas_frame(data).convert_dtypes(dtype_backend="pyarrow")


def pandas_categories(data):
    return pandas_frame(data).astype({"town": "category"})


def polars_frame(data):
    return pytest.importorskip("polars").DataFrame(data)


def polars_categories(data):
    polars = pytest.importorskip("polars")
    return polars_frame(data).with_columns(polars.col("town").cast(polars.Categorical))


def arrow_table(data):
    return pytest.importorskip("pyarrow").table(data)


def arrow_dictionaries(data):
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(data)
    halves = [arrow.array(data["town"][part]).dictionary_encode() for part in (slice(30), slice(30, None))]
    return table.set_column(list(data).index("town"), "town", arrow.chunked_array(halves))


def records(data):
    return [{name: column[k] for name, column in data.items() if column[k] is not None} for k in range(N)]


def object_array(data):
    return np.array([[column[k] for column in data.values()] for k in range(N)], dtype=object)


class Stream:
    """What has nothing but the Arrow C stream interface."""

    def __init__(self, data):
        self._table = arrow_table(data)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


HOLDERS = [
    pandas_frame, pandas_nullable, pandas_objects, pandas_na, pandas_arrow, pandas_categories, polars_frame, polars_categories,
    arrow_table, arrow_dictionaries, records, object_array, Stream, Table.read,
]  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    return Columns.fit(columns(), **SETTINGS)


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.__name__)
def test_what_holds_the_columns_makes_no_difference(holder, fitted):
    table = holder(columns())
    expected = fitted.transform(columns())
    assert_allclose(fitted.transform(table), expected, atol=1e-12)
    again = Columns.fit(table, **SETTINGS)
    assert again.kinds == fitted.kinds == ["numeric", "numeric", "categorical", "boolean", "date", "duration", "numeric"]
    assert_allclose(again.transform(columns() if again.names else object_array(columns())), expected, atol=1e-12)
    if holder is not object_array:
        backwards = holder(dict(reversed(columns().items())))
        assert_allclose(fitted.transform(backwards), expected, atol=1e-12)


def strings(data):
    return {name: ["" if value is None else str(value) for value in column] for name, column in data.items() if name != "took"}


def test_strings_as_a_file_has_them():
    data = {name: column for name, column in columns().items() if name != "took"}
    fitted = Columns.fit(data, **SETTINGS)
    expected = fitted.transform(data)
    assert_allclose(fitted.transform(strings(data)), expected, atol=1e-12)
    fixed = {name: np.array(column) for name, column in strings(data).items()}
    assert_allclose(fitted.transform(fixed), expected, atol=1e-12)


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["M8", "m8"])
def test_the_resolution_of_dates_makes_no_difference(kind, unit):
    days = np.arange(-3, 40).astype(f"{kind}[D]")
    fitted = Columns.fit({"when": days}, dates=True)
    assert_array_equal(fitted.transform({"when": days.astype(f"{kind}[{unit}]")}), fitted.transform({"when": days}))
    assert fitted.transform({"when": days})[:, 0].tolist() == list(range(-3, 40))


def test_dates_that_nanoseconds_do_not_hold():
    old = np.array(["0001-01-01", "1850-06-01", "9999-12-31"], dtype="M8[D]")
    found = Columns.fit({"when": old.astype("M8[s]")}).transform({"when": old})[:, 0]
    assert found.tolist() == old.astype(int).tolist()


def test_moments_with_a_time_zone():
    pd = pytest.importorskip("pandas")
    utc = pd.date_range("2024-03-30", periods=30, freq="h", tz="UTC")
    fitted = Columns.fit(pd.DataFrame({"when": utc}), dates=True)
    expected = fitted.transform(pd.DataFrame({"when": utc}))
    for zone in ("Europe/Zurich", "Asia/Tokyo"):
        assert_array_equal(fitted.transform(pd.DataFrame({"when": utc.tz_convert(zone)})), expected)
        moments = [moment.to_pydatetime() for moment in utc.tz_convert(zone)]
        assert_allclose(fitted.transform({"when": moments}), expected, rtol=1e-12)


def test_the_calendar_is_that_of_the_standard_library():
    rng = np.random.default_rng(0)
    moments = [datetime.datetime(1899, 12, 31) + datetime.timedelta(minutes=int(m)) for m in rng.integers(0, 10**8, 300)]
    found = Columns.fit({"when": moments}, dates=True).transform({"when": moments})
    expected = [[moment.year, moment.month, moment.weekday(), moment.hour] for moment in moments]
    assert found[:, 1:].tolist() == expected


def test_a_category_in_any_dtype():
    pd = pytest.importorskip("pandas")
    zones = [3, 1, 2, 1, 3]
    spellings = [zones, [3.0, 1.0, 2.0, 1.0, 3.0], np.array(zones, "u1"), np.array(zones, "f2"), [str(zone) for zone in zones],
                 ["3.0", "1.0", "2", " 1", "+3"], [Decimal(zone) for zone in zones], pd.Series(zones, dtype="Int64"),
                 pd.Series(zones, dtype="category"), pd.Series([str(zone) for zone in zones], dtype="string")]  # fmt: skip
    for first in [each for each in spellings if "+3" not in list(each)]:
        fitted = Columns.fit({"zone": first}, categorical_features=["zone"])
        for later in spellings:
            assert_array_equal(fitted.transform({"zone": later}), np.eye(3)[[2, 0, 1, 0, 2]])
    truth = Columns.fit({"flag": [True, False]}, categorical_features=["flag"])
    for later in ([True, False], np.array([1, 0]), ["True", "False"], np.array([True, False], dtype=object)):
        assert_array_equal(truth.transform({"flag": later})[:, ::-1], np.eye(2))


def test_codes_with_leading_zeros_stay_apart():
    fitted = Columns.fit({"code": ["007", "7", "07"]}, categorical_features="from_dtype")
    assert fitted.n_inputs == 3
    assert_array_equal(fitted.transform({"code": [7, "07"]}).argmax(axis=1), [2, 1])


def test_large_integers_stay_apart():
    pd = pytest.importorskip("pandas")
    ids = [2**60, 2**60 + 1, 2**60 + 1]
    for each in (ids, np.array(ids), pd.array(ids, dtype="Int64"), [str(number) for number in ids]):
        fitted = Columns.fit({"id": each}, categorical_features=["id"])
        assert_array_equal(fitted.transform({"id": ids}), [[1, 0], [0, 1], [0, 1]])
    with_missing = pd.array([2**60, 2**60 + 1, None], dtype="Int64")
    assert Columns.fit({"id": with_missing}, categorical_features=["id"]).n_inputs == 3


@pytest.mark.parametrize(
    "missing", [None, np.nan, np.datetime64("NaT"), Decimal("nan"), "pandas.NA", "pandas.NaT", "mask"], ids=str
)
def test_missing_is_one_thing(missing):
    if isinstance(missing, str) and missing.startswith("pandas"):
        missing = getattr(pytest.importorskip("pandas"), missing.partition(".")[2])
    data = {name: list(column) for name, column in columns().items() if name in ("size", "town", "new", "sold")}
    data["new"][7] = None
    fitted = Columns.fit(data, **SETTINGS)
    row = fitted.transform({name: [None] for name in data})
    if isinstance(missing, str):
        cell = np.ma.masked_all(1, dtype=object)
        found = fitted.transform(Table([cell] * len(data), list(data)))
    else:
        found = fitted.transform({name: np.array([missing], dtype=object) for name in data})
    assert_array_equal(found, row)
    assert (row[0, len(fitted.kept) : fitted.n_numbers] > 0).all()
    assert row[0, -1] == 1


def test_a_missing_category_that_training_never_had_is_unseen():
    fitted = Columns.fit({"town": ["Bern", "Chur"]}, categorical_features="from_dtype")
    for cell in (None, np.nan, "", "Genf"):
        assert_array_equal(fitted.transform({"town": [cell]}), [[0, 0]])
    assert_array_equal(fitted.transform({"town": np.array([np.nan])}), [[0, 0]])


# --- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": ["big"] * N}, "column 'size' must hold numbers as in training, got 'big' in row 0"),
        ({"size": [1.0, np.inf] * 30}, "column 'size' must be finite, got inf in row 1"),
        ({"new": [0, 1, 7] * 20}, "column 'new' must hold booleans as in training, got 7 in row 2"),
        ({"new": ["yes"] * N}, "column 'new' must hold booleans.*'yes' in row 0"),
        ({"sold": ["soon"] * N}, "column 'sold' must hold dates.*'soon' in row 0"),
        ({"sold": np.arange(N)}, "column 'sold' must hold dates.*int64"),
        ({"took": ["2024-01-01"] * N}, "column 'took' must hold durations.*'2024-01-01' in row 0"),
        ({"took": np.arange(N).astype("M8[D]")}, "column 'took' must hold durations.*datetime64"),
        ({"rooms": np.arange(N).astype("M8[D]")}, "column 'rooms' must hold numbers.*datetime64"),
        ({"town": [["Bern"]] * N}, "column 'town' must hold strings or numbers: .*list"),
        ({"rooms": [1, 2] * 29}, "same length, got 58 values of 'rooms' and 60 of 'size'"),
    ],
)
def test_cells_of_another_kind(changes, message, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.transform(columns() | changes)


def test_the_cell_is_named():
    fitted = Columns.fit({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    with pytest.raises(ColumnError) as caught:
        fitted.transform({"a": [1] * 9, "b": [*range(7), "x", 8]})
    assert (caught.value.column, caught.value.row) == (1, 7)


@pytest.mark.parametrize(
    ("X", "settings", "error", "message"),
    [
        ({"a": [1.0, None]}, {}, ValueError, "column 'a' must not be missing, got NaN in row 1: impute=True"),
        ({"a": [1.0, -np.inf]}, {"impute": True}, ValueError, "column 'a' must be finite, got -inf in row 1"),
        ({"a": ["x", "y"]}, {}, ValueError, "column 'a' must hold numbers.*'x'.*categorical_features='from_dtype'"),
        ({"a": [1e200, -1e200]}, {"scale": "standard"}, ValueError, "column 'a'.*standard deviation"),
        ({"a": [{}, 1]}, {}, TypeError, "column 'a' must hold numbers, booleans, dates.*dict"),
        ({"a": [[1], [2]]}, {}, TypeError, "column 'a' must hold.*list"),
        ({"a": [1j, 2]}, {}, ValueError, "'a'.*real.*complex"),
        ({"a": [np.inf, 1]}, {"categorical_features": ["a"]}, ValueError, "column 'a'.*inf is no category"),
        ({"a": "xyz"}, {}, ValueError, r"X\['a'\] must be a list.*\[X\]"),
        ({"a": 1, "b": 2}, {}, ValueError, r"X\['a'\] must be a list.*\[X\]"),
        ([[1, 2], [3]], {}, ValueError, "rows of X must have the same length"),
        (np.ones(3), {}, ValueError, r"2 dimensions.*reshape\(-1, 1\)"),
        (np.ones((2, 2, 2)), {}, ValueError, "2 dimensions.*3"),
        (np.ones((0, 2)), {}, ValueError, r"empty.*0 sample\(s\)"),
        ([{}], {}, ValueError, r"empty.*0 feature\(s\)"),
        (np.ones((2, 2)), {"scale": "minmax"}, ValueError, "scale.*robust.*'minmax'"),
        (np.ones((2, 2)), {"impute": "mode"}, ValueError, "impute.*median.*'mode'"),
        (np.ones((2, 2)), {"dates": 1}, TypeError, "dates.*1"),
        (np.ones((2, 2)), {"max_categories": 0}, ValueError, "max_categories.*0"),
        (np.ones((2, 2)), {"min_frequency": 1.5}, ValueError, "min_frequency.*1.5"),
        (np.ones((2, 2)), {"extra_columns": "drop"}, ValueError, "extra_columns.*raise.*'drop'"),
        (np.ones((2, 2)), {"categorical_features": [5]}, ValueError, "categorical_features names 5"),
        (np.ones((2, 2)), {"categorical_features": "all"}, ValueError, "'from_dtype'.*'all'"),
        (np.ones((2, 2)), {"categorical_features": [True]}, ValueError, "mask of 2.*1"),
        (np.ones((2, 2)), {"sample_weight": [1]}, ValueError, "sample_weight must be 2"),
    ],
)
def test_what_is_refused(X, settings, error, message):
    with pytest.raises(error, match=message):
        Columns.fit(X, **settings)


def test_beyond_the_range_of_float32():
    fitted = Columns.fit({"a": [1.0, 1e300]})
    assert fitted.transform({"a": [1e300]})[0, 0] == 1e300
    with pytest.raises(ValueError, match="column 'a' must be finite in float32, got 1e\\+300 in row 1: scale it"):
        fitted.transform({"a": [1.0, 1e300]}, "float32")


def test_frames_that_are_computed_later():
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"LazyFrame.*X\.collect\(\)"):
        Table.read(polars.DataFrame({"a": [1]}).lazy())


def test_columns_by_name():
    fitted = Columns.fit({"a": [1.0, 2.0], "b": [3.0, 5.0]})
    assert_array_equal(fitted.transform({"b": [7], "a": [6]}), [[6, 7]])
    assert_array_equal(fitted.transform([[6, 7]]), [[6, 7]])
    with pytest.raises(ValueError, match="missing: 'b'; unknown: 'c'"):
        fitted.transform({"a": [1], "c": [2]})
    with pytest.raises(ValueError, match=r"1 columns.*2"):
        fitted.transform([[1]])
    ignoring = Columns.fit({"a": [1.0, 2.0], "b": [3.0, 5.0]}, extra_columns="ignore")
    assert_array_equal(ignoring.transform({"id": ["x"], "b": [7], "a": [6]}), [[6, 7]])


def test_names_that_are_equal():
    pd = pytest.importorskip("pandas")
    twice = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"])
    fitted = Columns.fit(twice)
    assert_array_equal(fitted.transform(twice), twice.to_numpy())
    with pytest.raises(ValueError, match="equal names"):
        fitted.transform(pd.DataFrame([[1.0, 2.0]], columns=["a", "b"]))


def test_nothing_of_the_callers_changes():
    data = columns()
    table = pandas_frame(data)
    before = table.copy(deep=True)
    Columns.fit(table, **SETTINGS).transform(table)
    assert table.equals(before)
    X = np.array([[1.0, np.nan], [2.0, 3.0]])
    Columns.fit(X, impute=True, scale="standard").transform(X)
    assert np.isnan(X[0, 1])


@pytest.mark.parametrize("narrow", ["float32", "float16"])
def test_numbers_that_were_rounded_match_their_category(narrow):
    sizes = np.array([0.1, 0.2, 0.3])
    for first in (sizes, sizes.astype(narrow), sizes.astype(object), sizes.astype(narrow).tolist()):
        fitted = Columns.fit({"size": first}, categorical_features=["size"])
        exact = [] if isinstance(first, list) else [sizes, sizes.tolist(), ["0.1", "0.2", "0.3"]]
        for later in (sizes.astype(narrow), sizes.astype(narrow).astype(float), *exact):
            assert_array_equal(fitted.transform({"size": later}), np.eye(3))


def test_durations_and_periods_as_categories():
    pd = pytest.importorskip("pandas")
    spans = pd.Series(pd.to_timedelta([1, 2, 3], unit="D"))
    months = pd.Series(pd.period_range("2024-01", periods=3, freq="M"))
    for column in (spans, months):
        fitted = Columns.fit(pd.DataFrame({"c": column}), categorical_features=["c"])
        for later in (column, column.astype("category"), column.astype(object), column.tolist()):
            assert_array_equal(fitted.transform({"c": later}), np.eye(3))
    dates = Columns.fit(pd.DataFrame({"c": months}))
    assert dates.kinds == ["date"]
    assert_array_equal(dates.transform({"c": months.tolist()}), dates.transform(pd.DataFrame({"c": months})))


def test_named_categories_may_be_anything_hashable():
    import uuid

    ids = [uuid.UUID(int=k) for k in range(3)]
    fitted = Columns.fit({"id": ids}, categorical_features=["id"])
    assert_array_equal(fitted.transform({"id": [str(each) for each in ids]}), np.eye(3))
    with pytest.raises(TypeError, match=r"column 'id'.*UUID"):
        Columns.fit({"id": ids}, categorical_features="from_dtype")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_column_alone_is_no_table(library):
    module = pytest.importorskip(library)
    column = module.chunked_array([[1.0, 2.0]]) if library == "pyarrow" else module.Series([1.0, 2.0])
    with pytest.raises(ValueError, match=r"2 dimensions.*got 1.*reshape"):
        Columns.fit(column)
    with pytest.raises(ValueError, match=r"\bX\b.*reshape"):
        cmlp.Network([1, 1], loss="squared_error").fit(column, [1.0, 2.0])
