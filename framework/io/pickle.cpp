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

}  // namespace fanin
