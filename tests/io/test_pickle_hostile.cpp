#include <doctest/doctest.h>

#include <fanin/core/fail.hpp>
#include <fanin/io/pickle.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/parse_message.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

namespace {

const std::string proto = "\x80\2";
const std::string rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";

std::string text(const std::string& value) { return "X" + u32(value.size()) + value; }
std::string number(std::int64_t value) { return std::string("\x8a\x08", 2) + raw(value); }
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

std::string numbers(const std::vector<std::int64_t>& values) {
  std::string out = "(";
  for (const auto value : values) out += number(value);
  return out + "t";
}

/// Pushes a storage: the persistent id ('storage', class, key, 'cpu', count).
std::string storage(const std::string& type, const std::string& key, std::int64_t count) {
  return "(" + text("storage") + global("torch", type) + text(key) + text("cpu") + number(count) + "tQ";
}

std::string tensor(const std::string& storage_code, std::int64_t offset,
                   const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides) {
  return rebuild + "(" + storage_code + number(offset) + numbers(sizes) + numbers(strides) + "\x89)tR";
}

std::string dict(const std::string& key, const std::string& value) { return "}" + text(key) + value + "s"; }

/// A torch zip file with this pickle and one storage '0' of three floats.
std::string file(const std::string& pickle) {
  return zip_of({{.name = "m/data.pkl", .data = pickle},
                 {.name = "m/data/0", .data = raw(1.0f) + raw(2.0f) + raw(3.0f)}});
}

/// … whose pickle is this code between PROTO and STOP.
std::string running(const std::string& code) { return file(proto + code + "."); }

std::string holding(std::int64_t offset, const std::vector<std::int64_t>& sizes,
                    const std::vector<std::int64_t>& strides) {
  return running(dict("w", tensor(storage("FloatStorage", "0", 3), offset, sizes, strides)));
}

std::string repeated(std::size_t times, const std::string& code) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += code;
  return out;
}

/// What was asked for is kept as a value that says what it would have been; here nothing stands beside it.
std::string refused(const std::string& what) {
  return "f: holds no tensor, but " + what +
         "; nothing was executed. In PyTorch, save model.state_dict() instead";
}

/// Thirty dicts, each holding the one before it twice: 2^30 leaves when flattened.
std::string laughs() {
  std::string out = "}q" + raw('\0');
  for (int i = 0; i < 30; ++i) {
    const std::string inner = "h" + raw(static_cast<char>(i));
    out += "}q" + raw(static_cast<char>(i + 1)) + "(" + text("a") + inner + text("b") + inner + "u";
  }
  return "(" + out + "t";
}

const std::string legacy_start = proto +
                                 std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13) +
                                 proto + "M" + u16(1001) + "." + proto + "}.";

std::string legacy(const std::string& code, const std::string& keys, const std::string& storages) {
  return legacy_start + proto + code + "." + proto + keys + "." + storages;
}

}  // namespace

TEST_CASE("pickle: each way to be hostile has its message") {
  const std::string good_storage = storage("FloatStorage", "0", 3);
  const std::string good = tensor(good_storage, 0, {3}, {1});
  struct Row {
    std::string what, file, expected;
  };
  const Row rows[] = {
      {"os.system", running("cos\nsystem\n" + text("true") + "\x85R"), refused("an object of os.system")},
      {"os.system by STACK_GLOBAL", running(text("posix") + text("system") + "\x93" + text("true") + "\x85R"),
       refused("an object of posix.system")},
      {"eval", running(global("builtins", "eval") + text("1") + "\x85R"), refused("an object of eval")},
      {"a whole model", running(global("torch.nn.modules.linear", "Linear") + ")\x81}b"),
       refused("an object of torch.nn.modules.linear.Linear")},
      {"a class that sounds right", running(global("collections", "OrderedDict.__class__")),
       refused("the global collections.OrderedDict.__class__")},
      {"a storage of another module", running(global("torchx", "FloatStorage")),
       refused("the global torchx.FloatStorage")},
      {"a global that prints badly", running(global("os\x1b[2J", "\xff")),
       refused("the global os\\x1b[2J.\\xff")},
      {"a global without end", running("c" + std::string(10'000, 'o')),
       "f: a global's name at byte 3 of the pickle does not end"},
      {"a call of a storage class", running(global("torch", "FloatStorage") + ")R"),
       refused("an object of torch.FloatStorage")},
      {"a call of a text", running(text("os.system") + ")R"),
       "f: REDUCE at byte 17 of the pickle finds a str, expected a global"},
      {"a call without arguments", running(global("collections", "OrderedDict") + "NR"),
       "f: REDUCE at byte 28 of the pickle finds None, expected a tuple"},
      {"an unknown instruction", running("\xff"),
       "f: instruction 0xff at byte 2 of the pickle is not one of protocols 2 to 5"},
      {"INST, which makes an instance", running("(ios\nsystem\n"),
       "f: instruction 0x69 at byte 3 of the pickle is not one of protocols 2 to 5"},
      {"OBJ", running("(o"), "f: instruction 0x6f at byte 3 of the pickle is not one of protocols 2 to 5"},
      {"NEWOBJ", running(global("evil", "Class") + ")\x81"), refused("an object of evil.Class")},
      {"NEWOBJ_EX", running(global("evil", "Class") + ")}\x92"), refused("an object of evil.Class")},
      {"NEWOBJ of a number", running("K\5)\x81"),
       "f: NEWOBJ at byte 5 of the pickle finds an int, expected a global"},
      {"NEWOBJ without arguments", running(global("evil", "Class") + "N\x81"),
       "f: NEWOBJ at byte 15 of the pickle finds None, expected a tuple"},
      {"EXT1", running("\x82\1"), refused("the global copyreg.extension")},
      {"EXT4 cut", running("\x84\1"),
       "f: the pickle wants 4 bytes at byte 3 and has 2 left; it is truncated or corrupt"},
      {"a call of a call",
       running(global("builtins", "getattr") + global("os", "system") + text("x") + "\x86R)R"),
       refused("an object of getattr")},
      {"an attribute",
       running(global("builtins", "getattr") + global("os", "system") + text("__call__") + "\x86R"),
       refused("os.system.__call__")},
      {"a buffer outside", running("\x97"),
       "f: the pickle keeps its arrays outside of itself (protocol 5's buffers), which a file cannot hold"},
      {"an item for a set that is none", running("](N\x90"),
       "f: ADDITEMS at byte 5 of the pickle finds a list, expected an object"},
      {"a mark for a frozenset that is not there", running("\x91"),
       "f: FROZENSET at byte 2 of the pickle finds no mark"},
      {"an object in its own attributes",
       running(global("evil", "Class") + ")\x81q" + raw('\0') + "}" + text("_modules") + "}" + text("a") +
               "h" + raw('\0') + "ss" + text("_parameters") + "}sb"),
       "f: the pickled structure is nested more than 64 levels deep"},
      {"an object that is its own attributes and its own arguments",
       running(global("evil", "Class") + "]q" + raw('\0') + "h" + raw('\0') + "a\x85\x81q\1h\1b"),
       refused("an object of evil.Class")},
      {"text protocol", running("I1\n"),
       "f: instruction 0x49 at byte 2 of the pickle is not one of protocols 2 to 5"},
      {"protocol 9", file("\x80\x09N."), "f: pickle protocol 9 is not supported, expected 2 to 5"},
      {"no STOP", file(proto + "N"),
       "f: the pickle wants 1 bytes at byte 3 and has 0 left; it is truncated or corrupt"},
      {"an empty pickle", file(""),
       "f: the pickle wants 1 bytes at byte 0 and has 0 left; it is truncated or corrupt"},
      {"only STOP", file("."), "f: STOP at byte 0 of the pickle finds an empty stack"},
      {"two values at STOP", running("NN"), "f: the pickle leaves values on its stack at STOP"},
      {"a mark at STOP", running("(N"), "f: the pickle leaves values on its stack at STOP"},
      {"a text of 4 GB", running("X" + u32(0xffffffff) + "abc"),
       "f: the pickle wants 4294967295 bytes at byte 7 and has 4 left; it is truncated or corrupt"},
      {"a text of 2^64 - 1 bytes", running("\x8d" + u64(~std::uint64_t{0}) + "abc"),
       "f: the pickle wants 18446744073709551615 bytes at byte 11 and has 4 left; it is truncated or "
       "corrupt"},
      {"an integer of 4 GB", running("\x8b" + u32(0x7fffffff)),
       "f: the pickle wants 2147483647 bytes at byte 7 and has 1 left; it is truncated or corrupt"},
      {"an empty stack", running("a"), "f: APPEND at byte 2 of the pickle finds an empty stack"},
      {"a stack empty down to the mark", running("](a"),
       "f: APPEND at byte 4 of the pickle finds an empty stack"},
      {"no mark", running("t"), "f: TUPLE at byte 2 of the pickle finds no mark"},
      {"a key without a value", running("}(Nu"),
       "f: SETITEMS at byte 5 of the pickle finds a key without a value"},
      {"an item for a dict in a list", running("]NNs"),
       "f: SETITEM at byte 5 of the pickle finds a list, expected a dict"},
      {"an item for a list in a tuple", running(")Na"),
       "f: APPEND at byte 4 of the pickle finds a tuple, expected a list"},
      {"attributes for a list", running("]}b"),
       "f: BUILD at byte 4 of the pickle finds a list, expected an object"},
      {"a memo entry that is not there", running("h\5"),
       "f: the pickle's memo has no entry 5, asked for at byte 4"},
      {"a memo entry of 4 billion", running("Nr" + u32(0xffffffff)),
       "f: the pickle's memo has entry 4294967295; at most 200000 are allowed"},
      {"a memo entry read at 4 billion", running("j" + u32(0xffffffff)),
       "f: the pickle's memo has no entry 4294967295, asked for at byte 7"},
      {"a million values", running("(" + repeated(300'000, "N") + "t"),
       "f: the pickle makes more than 200000 values"},
      {"a million pushes of one value",
       running("Nq" + raw('\0') + "(" + repeated(1'000'001, "h" + raw('\0')) + "t"),
       "f: the pickle has more than 1000000 instructions"},
      {"a million marks", running(repeated(1'000'001, "(")),
       "f: the pickle has more than 1000000 instructions"},
      {"100,000 nested lists", running(repeated(100'000, "]") + repeated(99'999, "a")),
       "f: the pickled structure is nested more than 64 levels deep"},
      {"100,000 nested tuples", running("N" + repeated(100'000, "\x85")),
       "f: the pickled structure is nested more than 64 levels deep"},
      {"a list in itself", running("]q" + raw('\0') + "h" + raw('\0') + "a"),
       "f: the pickled structure is nested more than 64 levels deep"},
      {"a billion laughs", running(laughs()), "f: the pickled structure has more than 1000000 parts"},
      {"a name that grows past all bounds",
       running(dict(std::string(400, 'a'), dict(std::string(400, 'b'), good))),
       "f: a tensor name of more than 512 bytes"},
      {"one tensor under 100,000 names",
       running("(" + good + "q" + raw('\0') + repeated(100'000, "h" + raw('\0')) + "t"),
       "f: more than 65536 tensors, or names and shapes of more than 16777216 bytes"},
      {"a name with a newline", running(dict("a\nb", good)),
       "f: a tensor name holds the control character 0x0a"},
      {"a name that is not UTF-8", running(dict("\xff", good)), "f: a tensor name is not valid UTF-8"},
      {"a name twice", running("}(" + text("w") + good + text("w") + good + "u"),
       "f: two tensors are named 'w'"},
      {"a name twice, flattened", running("}(" + text("a.b") + good + text("a") + dict("b", good) + "u"),
       "f: two tensors are named 'a.b'"},
      {"a key that is a tuple", running("})" + good + "s"), refused("a tensor under a tuple")},
      {"no tensor", running("}" + text("epoch") + "K\3s"), "f: holds no tensor, but a dict"},
      {"a number", running("K\5"), "f: holds no tensor, but an int"},
      {"bytes after the pickle", file(proto + "}.x"), "f: bytes follow the pickle in 'm/data.pkl'"},
      {"a persistent id that is a path", running(text("/etc/passwd") + "Q"),
       "f: BINPERSID at byte 18 of the pickle finds a str, expected a tuple"},
      {"a persistent id of another shape", running(")Q"),
       "f: a persistent id in the pickle is not ('storage', class, key, location, element count)"},
      {"a storage of negative size", running(storage("FloatStorage", "0", -1)),
       "f: a persistent id in the pickle is not ('storage', class, key, location, element count)"},
      {"a storage of an unknown class", running(storage("ComplexFloatStorage", "0", 3)),
       refused("a storage of class ComplexFloatStorage")},
      {"a storage whose class is OrderedDict",
       running("(" + text("storage") + global("collections", "OrderedDict") + text("0") + text("cpu") +
               "K\3tQ"),
       "f: a persistent id in the pickle is not ('storage', class, key, location, element count)"},
      {"a storage with more elements than bytes",
       running(dict("w", tensor(storage("FloatStorage", "0", 1'000), 0, {3}, {1}))),
       "f: storage '0' of 1000 F32 elements has 12 bytes in the file; it is corrupt"},
      {"a storage of 2^62 doubles",
       running(dict("w", tensor(storage("DoubleStorage", "0", std::int64_t{1} << 62), 0, {3}, {1}))),
       "f: storage '0' of 4611686018427387904 F64 elements has 12 bytes in the file; it is corrupt"},
      {"a storage that is missing", running(dict("w", tensor(storage("FloatStorage", "7", 3), 0, {3}, {1}))),
       "f: the entry 'm/data/7' that a tensor needs is missing"},
      {"a storage that climbs",
       running(dict("w", tensor(storage("FloatStorage", "../data.pkl", 3), 0, {3}, {1}))),
       "f: the entry 'm/data/../data.pkl' that a tensor needs is missing"},
      {"more elements than the storage", holding(0, {4}, {1}),
       "f: tensor 'w' of shape [4], strides [1] and offset 0 passes its storage of 3 elements"},
      {"an offset past the storage", holding(1, {3}, {1}),
       "f: tensor 'w' of shape [3], strides [1] and offset 1 passes its storage of 3 elements"},
      {"an empty tensor far outside", holding(1'000'000, {0}, {1}),
       "f: tensor 'w' of shape [0], strides [1] and offset 1000000 passes its storage of 3 elements"},
      {"a negative offset", holding(-1, {1}, {1}),
       "f: tensor 'w' of shape [1], strides [1] and offset -1 passes its storage of 3 elements"},
      {"a stride past the storage", holding(0, {2}, {3}),
       "f: tensor 'w' of shape [2], strides [3] and offset 0 passes its storage of 3 elements"},
      {"a negative stride", holding(2, {2}, {-1}),
       "f: tensor 'w' of shape [2], strides [-1] and offset 2 passes its storage of 3 elements"},
      {"strides whose product wraps", holding(0, {5}, {std::int64_t{1} << 62}),
       "f: tensor 'w' of shape [5], strides [4611686018427387904] and offset 0 passes its storage of 3 "
       "elements"},
      {"strides whose sum wraps", holding(2, {2, 2}, {INT64_MAX, INT64_MAX}),
       "f: tensor 'w' of shape [2, 2], strides [9223372036854775807, 9223372036854775807] and offset 2 "
       "passes its storage of 3 elements"},
      {"sizes whose product overflows", holding(0, {std::int64_t{1} << 32, std::int64_t{1} << 32}, {0, 0}),
       "f: tensor 'w' of shape [4294967296, 4294967296] and dtype F32 has more bytes than 64 bits can count"},
      {"a negative size", holding(0, {-3}, {1}), "f: tensor 'w' has the negative size -3"},
      {"one number spread over a terabyte", holding(0, {std::int64_t{1} << 38}, {0}),
       "f: tensor 'w' of shape [274877906944] spreads a small storage over 1099511627776 bytes, more than "
       "the file has"},
      {"sizes without strides", holding(0, {3}, {}),
       "f: tensor 'w' has 1 sizes and 0 strides; expected as many of each, at most 32"},
      {"a size that is a text",
       running(rebuild + "(" + good_storage + "K" + raw('\0') + "(" + text("3") + "t" + numbers({1}) + "tR"),
       "f: _rebuild_tensor_v2 in the pickle has a size or stride that is not a 64-bit integer"},
      {"a size of 80 bits",
       running(rebuild + "(" + good_storage + "K" + raw('\0') + "(\x8a\x0a" + std::string(10, '\1') + "t" +
               numbers({1}) + "tR"),
       "f: _rebuild_tensor_v2 in the pickle has a size or stride that is not a 64-bit integer"},
      {"a tensor without a storage", running(rebuild + "(NK" + raw('\0') + "))tR"),
       "f: _rebuild_tensor_v2 in the pickle wants a storage, an offset, a size and a stride"},
      {"a tensor without arguments", running(rebuild + ")R"),
       "f: _rebuild_tensor_v2 in the pickle wants a storage, an offset, a size and a stride"},
      {"33 sizes",
       running(rebuild + "(" + good_storage + "K" + raw('\0') + numbers(std::vector<std::int64_t>(33, 1)) +
               numbers({1}) + "tR"),
       "f: _rebuild_tensor_v2 in the pickle has 33 sizes or strides; at most 32 are allowed"},
      {"33 strides",
       running(rebuild + "(" + good_storage + "K" + raw('\0') + numbers({1}) +
               numbers(std::vector<std::int64_t>(33, 1)) + "tR"),
       "f: _rebuild_tensor_v2 in the pickle has 33 sizes or strides; at most 32 are allowed"},
      {"a parameter of nothing", running(global("torch._utils", "_rebuild_parameter") + "(N\x89NtR"),
       "f: _rebuild_parameter in the pickle wants a tensor"},
      {"an OrderedDict of a number", running(global("collections", "OrderedDict") + "K\5\x85R"),
       "f: OrderedDict in the pickle wants a list of pairs"},
      {"an OrderedDict of triples", running(global("collections", "OrderedDict") + "]NNN\x87" + "a\x85R"),
       "f: OrderedDict in the pickle wants a list of pairs"},
      {"one list of pairs in many OrderedDicts",
       running("](" + repeated(1'000, "NN\x86") + "e\x85q" + raw('\0') + "0" +
               global("collections", "OrderedDict") + "q\1" + "0](" +
               repeated(2'000, std::string("h\1h\0R", 5)) + "e"),
       "f: the pickle copies more than 1000000 items"},
      {"an object of many attributes listed many times",
       running(global("evil", "Class") + ")\x81}(" + repeated(20'000, "NN") + "ubq" + raw('\0') + "0](" +
               repeated(1'000, "h" + raw('\0')) + "e"),
       "f: the pickled structure has more than 1000000 parts"},
      {"a set of many names in many modules",
       running("(" + repeated(20'000, text("a")) + "l\x85q" + raw('\0') + "0cbuiltins\nset\nh" + raw('\0') +
               "Rq\1" + "0" + global("evil", "Module") + ")\x81}(" + text("_parameters") + "}" +
               text("_modules") + "}" + text("_non_persistent_buffers_set") + "h\1ubq\2" + "0](" +
               repeated(1'000, "h\2") + "e"),
       "f: the pickled structure has more than 1000000 parts"},
      {"a dict of keys that are none listed many times",
       running("}(" + repeated(20'000, "NN") + "uq" + raw('\0') + "0](" + repeated(1'000, "h" + raw('\0')) +
               "e"),
       "f: the pickled structure has more than 1000000 parts"},
      {"torch.Size of a number", running(global("torch", "Size") + "K\5\x85R"),
       "f: torch.Size in the pickle wants one tuple"},
      {"byteorder that is neither",
       zip_of({{.name = "m/data.pkl", .data = proto + "}."}, {.name = "m/byteorder", .data = "middle"}}),
       "f: byteorder is neither 'little' nor 'big'"},

      {"legacy: some other pickle", proto + "N.", "f: holds no tensor, but None"},
      {"legacy: another long number", proto + "\x8a\x0a" + std::string(10, '\1') + ".",
       "f: holds no tensor, but an int"},
      {"legacy: another pickle and more", proto + "N.x",
       "f: a pickle, but not one that torch.save wrote: 1 bytes follow it"},
      {"legacy: only the magic", legacy_start.substr(0, 15),
       "f: the pickle wants 1 bytes at byte 0 and has 0 left; it is truncated or corrupt"},
      {"legacy: another version", legacy_start.substr(0, 15) + proto + "M" + u16(1002) + ".",
       "f: PyTorch's legacy protocol version is not 1001"},
      {"legacy: system facts that are a list", legacy_start.substr(0, legacy_start.size() - 4) + proto + "].",
       "f: PyTorch's legacy system facts are not a dict"},
      {"legacy: keys that are a dict", legacy(dict("w", good), "}", ""),
       "f: PyTorch's legacy storage keys are not a list"},
      {"legacy: no storages", legacy(dict("w", good), "]", ""),
       "f: storage '0' that a tensor needs is missing"},
      {"legacy: a key that is a number", legacy(dict("w", good), "]K\5a", ""),
       "f: a legacy storage key is an int, expected a str"},
      {"legacy: a storage of no tensor", legacy(dict("w", good), "]" + text("9") + "a", ""),
       "f: storage '9' belongs to no tensor"},
      {"legacy: cut before a storage", legacy(dict("w", good), "]" + text("0") + "a", "abc"),
       "f: ends before storage '0'; it is truncated"},
      {"legacy: a storage longer than the file",
       legacy(dict("w", good), "]" + text("0") + "a", u64(3) + raw(1.0f)),
       "f: storage '0' of 3 F32 elements has 3 in the file, of which 4 bytes are left; it is truncated or "
       "corrupt"},
      {"legacy: two element counts",
       legacy(dict("w", good), "]" + text("0") + "a", u64(4) + std::string(16, 'x')),
       "f: storage '0' of 3 F32 elements has 4 in the file, of which 16 bytes are left; it is truncated or "
       "corrupt"},
      {"legacy: a storage of 2^63 elements",
       legacy(dict("w", tensor(storage("FloatStorage", "0", INT64_MAX), 0, {3}, {1})), "]" + text("0") + "a",
              u64(INT64_MAX)),
       "f: storage '0' of 9223372036854775807 F32 elements has 9223372036854775807 in the file, of which 0 "
       "bytes are left; it is truncated or corrupt"},
      {"legacy: a storage declared in two ways",
       legacy("(" + good + tensor(storage("IntStorage", "0", 3), 0, {3}, {1}) + "t", "]", ""),
       "f: storage '0' is declared in two ways"},
      {"legacy: a storage twice",
       legacy(dict("w", good), "](" + text("0") + text("0") + "e",
              u64(3) + std::string(12, 'x') + u64(3) + std::string(12, 'x')),
       "f: storage '0' is there twice"},
      {"a missing storage of a long name",
       running(dict("w", tensor(storage("FloatStorage", std::string(100'000, '7'), 3), 0, {3}, {1}))),
       "f: the entry 'm/data/" + std::string(193, '7') + "…' that a tensor needs is missing"},
      {"legacy: a missing storage of a long name",
       legacy(dict("w", tensor(storage("FloatStorage", std::string(100'000, '7'), 3), 0, {3}, {1})), "]", ""),
       "f: storage '" + std::string(200, '7') + "…' that a tensor needs is missing"},
      {"legacy: a long name of no tensor",
       legacy(dict("w", good), "]" + text(std::string(100'000, '9') + "\x1b") + "a", ""),
       "f: storage '" + std::string(200, '9') + "…' belongs to no tensor"},
      {"legacy: a long name declared in two ways",
       legacy("(" + tensor(storage("FloatStorage", std::string(100'000, '7'), 3), 0, {3}, {1}) +
                  tensor(storage("IntStorage", std::string(100'000, '7'), 3), 0, {3}, {1}) + "t",
              "]", ""),
       "f: storage '" + std::string(200, '7') + "…' is declared in two ways"},
      {"legacy: cut before a storage of a long name",
       legacy(dict("w", tensor(storage("FloatStorage", std::string(100'000, '7'), 3), 0, {3}, {1})),
              "]" + text(std::string(100'000, '7')) + "a", "abc"),
       "f: ends before storage '" + std::string(200, '7') + "…'; it is truncated"},
      {"legacy: bytes after the last storage",
       legacy(dict("w", good), "]" + text("0") + "a", u64(3) + std::string(13, 'x')),
       "f: 1 bytes follow the last storage"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(parse_message(row.file) == row.expected);
  }
}

TEST_CASE("pickle: what the rows above spoil is read when whole") {
  const std::string good = tensor(storage("FloatStorage", "0", 3), 1, {2}, {1});
  const auto read = [](const std::string& bytes) {
    return io::parse_tensor_file(bytes_of(bytes), "f", nullptr);
  };
  CHECK(read(running(dict("w", good))).at("w").to_floats() == std::vector<float>{2, 3});
  CHECK(read(holding(2, {2, 3}, {0, 0})).at("w").to_floats() == std::vector<float>(6, 3.0f));
  CHECK(read(holding(3, {0}, {1})).at("w").to_floats().empty());
  CHECK(read(running(global("collections", "OrderedDict") + "]" + text("w") + good + "\x86" + "a\x85R"))
            .at("w")
            .numel() == 2);
  CHECK(read(running(dict("state_dict", dict("w", good)))).at("w").numel() == 2);
  CHECK(read(legacy(dict("w", good), "]" + text("0") + "a", u64(3) + raw(1.0f) + raw(2.0f) + raw(3.0f)))
            .at("w")
            .to_floats() == std::vector<float>{2, 3});
  const std::string big_endian =
      zip_of({{.name = "m/data.pkl",
               .data = proto + dict("w", tensor(storage("FloatStorage", "0", 1), 0, {}, {})) + "."},
              {.name = "m/byteorder", .data = "big"},
              {.name = "m/data/0", .data = std::string("\x3f\x80\0\0", 4)}});
  CHECK(read(big_endian).at("w").to_floats() == std::vector<float>{1});
}

TEST_CASE(
    "whole modules: children are layers whatever they are called, and buffers that are not saved stay out") {
  const std::string layer = tensor(storage("FloatStorage", "0", 3), 0, {3}, {1});
  const auto module = [&](const std::string& children, const std::string& more = "") {
    return global("torch.nn", "Module") + ")\x81}(" + text("_parameters") + dict("weight", layer) +
           text("_buffers") + "}(" + text("kept") + layer + text("temporary") + layer + "u" +
           text("_modules") + "}(" + children + "u" + more + "ub";
  };
  const auto script = [&](const std::string& attributes) {
    return global("__torch__.net", "Net") + ")\x81}(" + attributes + "ub";
  };
  const auto names = [](const std::string& code) {
    const std::string bytes = running(code);
    std::string all;
    const io::TensorFile read = io::parse_tensor_file(bytes_of(bytes), "f", nullptr);
    for (const auto& one : read.tensors) all += one.name + " ";
    return all + fmt::format("{} {}", read.dicts.size(), read.left_out_count);
  };
  for (const std::string child : {"model", "state_dict", "model_state_dict", "net"}) {
    CAPTURE(child);
    const std::string c = child + ".";
    CHECK(names(module(text(child) + module("") + text("head") + module(""))) ==
          "weight kept temporary " + c + "weight " + c + "kept " + c +
              "temporary head.weight head.kept head.temporary 0 0");
    CHECK(names(script(text(child) + script(text("weight") + layer) + text("head") +
                       script(text("weight") + layer))) == c + "weight head.weight 0 0");
    // In a checkpoint the module is the model, and its child still a layer.
    CHECK(names("}(" + text("model") + module(text(child) + module("")) + text("epoch") + "K\1u") ==
          "weight kept temporary " + c + "weight " + c + "kept " + c + "temporary 1 0");
    CHECK(names("}(" + text("model") +
                script(text(child) + script(text("weight") + layer) + text("bias") + layer) + "u") ==
          c + "weight bias 1 0");
  }
  for (const std::string& set : {global("__builtin__", "set") + "]" + text("temporary") + "a\x85R",
                                 "\x8f(" + text("temporary") + "\x90"})
    CHECK(names(module("", text("_non_persistent_buffers_set") + set)) == "weight kept 0 0");
}

TEST_CASE("files of no known format, and PyTorch files cut anywhere, are errors") {
  CHECK(parse_message("\1\2\3") ==
        "f: neither safetensors, npy, npz, ONNX nor a PyTorch file; its first bytes are 01 02 03");
  CHECK(parse_message("") == "f: the file is empty");
  const std::string good = tensor(storage("FloatStorage", "0", 3), 1, {2}, {1});
  const std::string zip = running(dict("w", good));
  const std::string old = legacy(dict("w", good), "]" + text("0") + "a", u64(3) + std::string(12, 'x'));
  for (const std::string& whole : {zip, old}) {
    CHECK(parse_message(whole) == "no error");
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK(parse_message(whole.substr(0, size)) != "no error");
  }
}
