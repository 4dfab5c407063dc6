#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/pickle.hpp>

namespace fanin::io {
namespace {

/// The instructions that Python writes in protocols 2 to 5, and PyTorch's own writer (names and codes of
/// pickletools).
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
  LIST = 'l', DICT = 'd', DUP = '2', BYTEARRAY8 = 0x96, EMPTY_SET = 0x8f, ADDITEMS = 0x90, FROZENSET = 0x91,
  NEWOBJ = 0x81, NEWOBJ_EX = 0x92, EXT1 = 0x82, EXT2 = 0x83, EXT4 = 0x84, NEXT_BUFFER = 0x97, READONLY_BUFFER = 0x98,
};
// clang-format on

}  // namespace

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
    case BYTEARRAY8:
      push_text(Kind::bytes, take_bytes(take<std::uint64_t>()));
      return true;

    case EMPTY_LIST:
      push(make(Kind::list));
      return true;
    case APPEND: {
      PickleValue* item = pop("APPEND");
      add_items(pop("APPEND"), {item}, false, "APPEND");
      return true;
    }
    case APPENDS: {
      const auto items = pop_to_mark("APPENDS");
      add_items(pop("APPENDS"), items, false, "APPENDS");
      return true;
    }
    case LIST: {
      auto items = pop_to_mark("LIST");
      PickleValue* list = make(Kind::list);
      list->items = std::move(items);
      push(list);
      return true;
    }
    case EMPTY_SET:
      push(make_object("builtins", "set", nullptr));
      return true;
    case ADDITEMS: {
      const auto items = pop_to_mark("ADDITEMS");
      top("ADDITEMS", Kind::object);
      add_items(pop("ADDITEMS"), items, false, "ADDITEMS");
      return true;
    }
    case FROZENSET: {
      auto items = pop_to_mark("FROZENSET");
      PickleValue* set = make_object("builtins", "frozenset", nullptr);
      set->items = std::move(items);
      push(set);
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
    case DICT: {
      const auto items = pop_to_mark("DICT");
      add_items(make(Kind::dict), items, true, "DICT");
      return true;
    }
    case SETITEM: {
      PickleValue* value = pop("SETITEM");
      PickleValue* key = pop("SETITEM");
      add_items(pop("SETITEM"), {key, value}, true, "SETITEM");
      return true;
    }
    case SETITEMS: {
      const auto items = pop_to_mark("SETITEMS");
      add_items(pop("SETITEMS"), items, true, "SETITEMS");
      return true;
    }
    case DUP: {
      PickleValue* value = pop("DUP");
      push(value);
      push(value);
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
    case EXT1:
    case EXT2:
    case EXT4:
      // A class that the writer's program had registered under a number.
      take_bytes(opcode == EXT1 ? 1 : opcode == EXT2 ? 2 : 4);
      push_global("copyreg", "extension");
      return true;
    case NEXT_BUFFER:
    case READONLY_BUFFER:
      fail(
          "{}: the pickle keeps its arrays outside of itself (protocol 5's buffers), which a file cannot hold",
          what_);
    case REDUCE:
      reduce();
      return true;
    case NEWOBJ:
      new_object("NEWOBJ", false);
      return true;
    case NEWOBJ_EX:
      new_object("NEWOBJ_EX", true);
      return true;
    case BUILD:
      build();
      return true;
    case BINPERSID:
      load_persistent();
      return true;
    default:
      fail("{}: instruction 0x{:02x} at byte {} of the pickle is not one of protocols 2 to 5", what_, opcode,
           at_ - 1);
  }
}

}  // namespace fanin::io
