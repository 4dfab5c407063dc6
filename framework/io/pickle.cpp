#include "framework/io/pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

/// The instructions that Python writes for a state dict in protocols 2 to 5 (names and codes of pickletools).
// clang-format off
enum Opcode : unsigned char {
  PROTO = 0x80, STOP = '.', FRAME = 0x95, MARK = '(', POP = '0', POP_MARK = '1',
  NONE = 'N', NEWTRUE = 0x88, NEWFALSE = 0x89, BININT = 'J', BININT1 = 'K', BININT2 = 'M', LONG1 = 0x8a, LONG4 = 0x8b,
  BINFLOAT = 'G', BINUNICODE = 'X', SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, BINSTRING = 'T',
  SHORT_BINSTRING = 'U', BINBYTES = 'B', SHORT_BINBYTES = 'C', BINBYTES8 = 0x8e,
  EMPTY_LIST = ']', APPEND = 'a', APPENDS = 'e', EMPTY_TUPLE = ')', TUPLE = 't', TUPLE1 = 0x85, TUPLE2 = 0x86,
  TUPLE3 = 0x87, EMPTY_DICT = '}', SETITEM = 's', SETITEMS = 'u',
  BINGET = 'h', LONG_BINGET = 'j', BINPUT = 'q', LONG_BINPUT = 'r', MEMOIZE = 0x94,
  GLOBAL = 'c', STACK_GLOBAL = 0x93, REDUCE = 'R', BUILD = 'b', BINPERSID = 'Q',
};
// clang-format on

struct StorageClass {
  std::string_view name;
  DType dtype;
};
constexpr std::array<StorageClass, 10> storage_classes = {{{"DoubleStorage", DType::f64},
                                                           {"FloatStorage", DType::f32},
                                                           {"HalfStorage", DType::f16},
                                                           {"BFloat16Storage", DType::bf16},
                                                           {"LongStorage", DType::i64},
                                                           {"IntStorage", DType::i32},
                                                           {"ShortStorage", DType::i16},
                                                           {"CharStorage", DType::i8},
                                                           {"ByteStorage", DType::u8},
                                                           {"BoolStorage", DType::boolean}}};

const StorageClass* storage_class(const PickleValue& global) {
  if (global.text != "torch" && global.text != "torch.cuda") return nullptr;
  const auto found = std::find_if(storage_classes.begin(), storage_classes.end(),
                                  [&](const StorageClass& known) { return known.name == global.name; });
  return found == storage_classes.end() ? nullptr : &*found;
}

bool is(const PickleValue& global, std::string_view module, std::string_view name) {
  return global.text == module && global.name == name;
}

}  // namespace

const char* name_of(PickleValue::Kind kind) {
  static constexpr const char* names[] = {"None",   "a bool",  "an int", "a float",  "a str",     "bytes",
                                          "a list", "a tuple", "a dict", "a global", "a storage", "a tensor"};
  return names[static_cast<std::size_t>(kind)];
}

Pickle::Pickle(Bytes bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {
  for (std::size_t count = 0; step(); ++count) {
    if (count == max_instructions)
      fail("{}: the pickle has more than {} instructions", what_, max_instructions);
  }
}

template <class T>
T Pickle::take() {
  const std::string_view raw = take_bytes(sizeof(T));
  T value;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

std::string_view Pickle::take_bytes(std::uint64_t size) {
  if (size > bytes_.size() - at_) {
    fail("{}: the pickle wants {} bytes at byte {} and has {} left; it is truncated or corrupt", what_, size,
         at_, bytes_.size() - at_);
  }
  const std::string_view out(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
  at_ += size;
  return out;
}

std::string_view Pickle::take_line() {
  constexpr std::size_t longest = 256;
  const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_,
                              std::min(bytes_.size() - at_, longest));
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos)
    fail("{}: a global's name at byte {} of the pickle does not end", what_, at_);
  at_ += end + 1;
  return rest.substr(0, end);
}

PickleValue* Pickle::make(Kind kind) {
  if (values_.size() == max_values) fail("{}: the pickle makes more than {} values", what_, max_values);
  values_.emplace_back().kind = kind;
  return &values_.back();
}

void Pickle::push_text(Kind kind, std::string_view text) {
  PickleValue* value = make(kind);
  value->text = text;
  push(value);
}

void Pickle::push_integer(std::int64_t integer) {
  PickleValue* value = make(Kind::integer);
  value->integer = integer;
  push(value);
}

void Pickle::push_long(std::uint64_t size) {
  const std::string_view raw = take_bytes(size);
  if (size > 8) return push_text(Kind::integer, raw);
  std::uint64_t value = size > 0 && (raw[size - 1] & 0x80) != 0 ? ~std::uint64_t{0} : 0;  // two's complement
  std::memcpy(&value, raw.data(), size);
  push_integer(static_cast<std::int64_t>(value));
}

PickleValue* Pickle::pop(const char* operation) {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor)
    fail("{}: {} at byte {} of the pickle finds an empty stack", what_, operation, at_ - 1);
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue* Pickle::top(const char* operation, Kind kind) {
  PickleValue* value = pop(operation);
  if (value->kind != kind) {
    fail("{}: {} at byte {} of the pickle finds {}, expected {}", what_, operation, at_ - 1,
         name_of(value->kind), name_of(kind));
  }
  push(value);
  return value;
}

std::vector<PickleValue*> Pickle::pop_to_mark(const char* operation) {
  if (marks_.empty()) fail("{}: {} at byte {} of the pickle finds no mark", what_, operation, at_ - 1);
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void Pickle::push_tuple(std::size_t size) {
  PickleValue* tuple = make(Kind::tuple);
  for (std::size_t i = 0; i < size; ++i) tuple->items.insert(tuple->items.begin(), pop("TUPLE"));
  push(tuple);
}

void Pickle::put(std::uint64_t index) {
  if (index >= max_memo)
    fail("{}: the pickle's memo has entry {}; at most {} are allowed", what_, index, max_memo);
  PickleValue* value = pop("PUT");
  push(value);
  if (index >= memo_.size()) memo_.resize(index + 1, nullptr);
  memo_[index] = value;
}

void Pickle::get(std::uint64_t index) {
  if (index >= memo_.size() || memo_[index] == nullptr) {
    fail("{}: the pickle's memo has no entry {}, asked for at byte {}", what_, index, at_);
  }
  push(memo_[index]);
}

/// One instruction; false after STOP.
bool Pickle::step() {
  const auto opcode = take<unsigned char>();
  switch (opcode) {
    case PROTO: {
      const auto protocol = take<unsigned char>();
      if (protocol < 2 || protocol > 5)
        fail("{}: pickle protocol {} is not supported, expected 2 to 5", what_, protocol);
      return true;
    }
    case FRAME:
      take<std::uint64_t>();
      return true;
    case STOP: {
      result_ = pop("STOP");
      if (!stack_.empty() || !marks_.empty())
        fail("{}: the pickle leaves values on its stack at STOP", what_);
      return false;
    }
    case MARK:
      marks_.push_back(stack_.size());
      return true;
    case POP:
      pop("POP");
      return true;
    case POP_MARK:
      pop_to_mark("POP_MARK");
      return true;

    case NONE:
      push(make(Kind::none));
      return true;
    case NEWTRUE:
    case NEWFALSE: {
      push_integer(opcode == NEWTRUE ? 1 : 0);
      stack_.back()->kind = Kind::boolean;
      return true;
    }
    case BININT:
      push_integer(take<std::int32_t>());
      return true;
    case BININT1:
      push_integer(take<std::uint8_t>());
      return true;
    case BININT2:
      push_integer(take<std::uint16_t>());
      return true;
    case LONG1:
      push_long(take<std::uint8_t>());
      return true;
    case LONG4:
      push_long(take<std::uint32_t>());
      return true;
    case BINFLOAT: {
      const std::string_view raw = take_bytes(8);
      std::array<char, 8> reversed;
      std::reverse_copy(raw.begin(), raw.end(), reversed.begin());
      PickleValue* value = make(Kind::number);
      value->number = std::bit_cast<double>(reversed);
      push(value);
      return true;
    }
    case BINUNICODE:
    case BINSTRING:
      push_text(Kind::text, take_bytes(take<std::uint32_t>()));
      return true;
    case SHORT_BINUNICODE:
    case SHORT_BINSTRING:
      push_text(Kind::text, take_bytes(take<std::uint8_t>()));
      return true;
    case BINUNICODE8:
      push_text(Kind::text, take_bytes(take<std::uint64_t>()));
      return true;
    case BINBYTES:
      push_text(Kind::bytes, take_bytes(take<std::uint32_t>()));
      return true;
    case SHORT_BINBYTES:
      push_text(Kind::bytes, take_bytes(take<std::uint8_t>()));
      return true;
    case BINBYTES8:
      push_text(Kind::bytes, take_bytes(take<std::uint64_t>()));
      return true;

    case EMPTY_LIST:
      push(make(Kind::list));
      return true;
    case APPEND: {
      PickleValue* item = pop("APPEND");
      top("APPEND", Kind::list)->items.push_back(item);
      return true;
    }
    case APPENDS: {
      const auto items = pop_to_mark("APPENDS");
      PickleValue* list = top("APPENDS", Kind::list);
      list->items.insert(list->items.end(), items.begin(), items.end());
      return true;
    }
    case EMPTY_TUPLE:
      push_tuple(0);
      return true;
    case TUPLE1:
      push_tuple(1);
      return true;
    case TUPLE2:
      push_tuple(2);
      return true;
    case TUPLE3:
      push_tuple(3);
      return true;
    case TUPLE: {
      auto items = pop_to_mark("TUPLE");
      PickleValue* tuple = make(Kind::tuple);
      tuple->items = std::move(items);
      push(tuple);
      return true;
    }
    case EMPTY_DICT:
      push(make(Kind::dict));
      return true;
    case SETITEM: {
      PickleValue* value = pop("SETITEM");
      PickleValue* key = pop("SETITEM");
      PickleValue* dict = top("SETITEM", Kind::dict);
      dict->items.push_back(key);
      dict->items.push_back(value);
      return true;
    }
    case SETITEMS: {
      const auto items = pop_to_mark("SETITEMS");
      if (items.size() % 2 != 0)
        fail("{}: SETITEMS at byte {} of the pickle finds a key without a value", what_, at_ - 1);
      PickleValue* dict = top("SETITEMS", Kind::dict);
      dict->items.insert(dict->items.end(), items.begin(), items.end());
      return true;
    }

    case BINGET:
      get(take<std::uint8_t>());
      return true;
    case LONG_BINGET:
      get(take<std::uint32_t>());
      return true;
    case BINPUT:
      put(take<std::uint8_t>());
      return true;
    case LONG_BINPUT:
      put(take<std::uint32_t>());
      return true;
    case MEMOIZE:
      put(memo_.size());
      return true;

    case GLOBAL: {
      const std::string_view module = take_line();
      push_global(module, take_line());
      return true;
    }
    case STACK_GLOBAL: {
      const std::string_view name = top("STACK_GLOBAL", Kind::text)->text;
      pop("STACK_GLOBAL");
      const std::string_view module = top("STACK_GLOBAL", Kind::text)->text;
      pop("STACK_GLOBAL");
      push_global(module, name);
      return true;
    }
    case REDUCE:
      reduce();
      return true;
    case BUILD:
      build();
      return true;
    case BINPERSID:
      load_persistent();
      return true;
    default:
      fail("{}: instruction 0x{:02x} at byte {} of the pickle is not one that a state dict needs", what_,
           opcode, at_ - 1);
  }
}

void Pickle::push_global(std::string_view module, std::string_view name) {
  PickleValue global;
  global.kind = Kind::global;
  global.text = module;
  global.name = name;
  const bool known = storage_class(global) != nullptr || is(global, "collections", "OrderedDict") ||
                     is(global, "torch", "Size") || is(global, "torch._utils", "_rebuild_tensor") ||
                     is(global, "torch._utils", "_rebuild_tensor_v2") ||
                     is(global, "torch._utils", "_rebuild_parameter");
  if (!known) {
    std::string printable = fmt::format("{}.{}", module.substr(0, 100), name.substr(0, 100));
    for (char& c : printable) c = c < 0x20 || c > 0x7e ? '?' : c;
    fail(
        "{}: the pickle asks for the global '{}', which a state dict does not need; nothing was executed. In "
        "PyTorch, "
        "save model.state_dict() instead",
        what_, printable);
  }
  *make(Kind::global) = std::move(global);
  push(&values_.back());
}

void Pickle::reduce() {
  PickleValue* arguments = top("REDUCE", Kind::tuple);
  pop("REDUCE");
  const PickleValue* function = top("REDUCE", Kind::global);
  pop("REDUCE");
  const auto& items = arguments->items;
  if (is(*function, "collections", "OrderedDict")) return push(make_dict(items));
  if (is(*function, "torch", "Size")) {
    if (items.size() != 1 || (items[0]->kind != Kind::tuple && items[0]->kind != Kind::list)) {
      fail("{}: torch.Size in the pickle wants one tuple", what_);
    }
    return push(items[0]);
  }
  if (is(*function, "torch._utils", "_rebuild_parameter")) {
    if (items.empty() || items[0]->kind != Kind::tensor)
      fail("{}: _rebuild_parameter in the pickle wants a tensor", what_);
    return push(items[0]);
  }
  if (function->text == "torch._utils") return push(rebuild_tensor(items, function->name));
  fail("{}: the pickle calls {}.{}, which a state dict never does", what_, function->text, function->name);
}

PickleValue* Pickle::make_dict(const std::vector<PickleValue*>& arguments) {
  PickleValue* dict = make(Kind::dict);
  if (arguments.empty()) return dict;
  // Python 2 wrote OrderedDict([[key, value], …]).
  if (arguments.size() != 1 || (arguments[0]->kind != Kind::list && arguments[0]->kind != Kind::tuple)) {
    fail("{}: OrderedDict in the pickle wants a list of pairs", what_);
  }
  for (const PickleValue* pair : arguments[0]->items) {
    if ((pair->kind != Kind::list && pair->kind != Kind::tuple) || pair->items.size() != 2) {
      fail("{}: OrderedDict in the pickle wants a list of pairs", what_);
    }
    dict->items.insert(dict->items.end(), pair->items.begin(), pair->items.end());
  }
  return dict;
}

/// _rebuild_tensor(storage, storage_offset, size, stride) and _v2(…, requires_grad, backward_hooks,
/// metadata).
PickleValue* Pickle::rebuild_tensor(const std::vector<PickleValue*>& arguments, std::string_view function) {
  const bool shaped = arguments.size() >= 4 && arguments[0]->kind == Kind::storage &&
                      arguments[1]->kind == Kind::integer && arguments[2]->kind == Kind::tuple &&
                      arguments[3]->kind == Kind::tuple;
  if (!shaped) fail("{}: {} in the pickle wants a storage, an offset, a size and a stride", what_, function);
  for (const PickleValue* tuple : {arguments[2], arguments[3]}) {
    for (const PickleValue* number : tuple->items) {
      if (number->kind != Kind::integer || !number->text.empty()) {
        fail("{}: {} in the pickle has a size or stride that is not a 64-bit integer", what_, function);
      }
    }
  }
  if (!arguments[1]->text.empty())
    fail("{}: {} in the pickle has an offset of more than 64 bits", what_, function);
  PickleValue* tensor = make(Kind::tensor);
  tensor->integer = arguments[1]->integer;
  tensor->items = {arguments[0], arguments[2], arguments[3]};
  return tensor;
}

/// BUILD gives an OrderedDict its attributes (a state dict has `_metadata`), which nothing here needs.
void Pickle::build() {
  top("BUILD", Kind::dict);
  pop("BUILD");
  top("BUILD", Kind::dict);
}

/// ('storage', storage class, key, location, element count), and in the legacy form a last None: PyTorch
/// before 0.4 had views of storages there.
void Pickle::load_persistent() {
  const PickleValue* id = top("BINPERSID", Kind::tuple);
  pop("BINPERSID");
  const auto& items = id->items;
  const bool shaped =
      items.size() >= 5 && items.size() <= 6 && items[0]->kind == Kind::text && items[0]->text == "storage" &&
      items[1]->kind == Kind::global && items[2]->kind == Kind::text && items[4]->kind == Kind::integer &&
      items[4]->text.empty() && items[4]->integer >= 0 && (items.size() == 5 || items[5]->kind == Kind::none);
  const StorageClass* type = shaped ? storage_class(*items[1]) : nullptr;
  if (type == nullptr) {
    fail("{}: a persistent id in the pickle is not ('storage', class, key, location, element count)", what_);
  }
  PickleValue* storage = make(Kind::storage);
  storage->dtype = type->dtype;
  storage->text = items[2]->text;
  storage->integer = items[4]->integer;
  storages_.push_back(storage);
  push(storage);
}

}  // namespace fanin
