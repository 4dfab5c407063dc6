// The pickle machine's values, stack, marks and memo.
#include <algorithm>
#include <cstring>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/pickle.hpp>

namespace fanin::io {

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

void Pickle::add_items(PickleValue* to, const std::vector<PickleValue*>& items, bool pairs,
                       const char* operation) {
  const Kind wanted = pairs ? Kind::dict : Kind::list;
  if (to->kind != wanted && to->kind != Kind::object) {
    fail("{}: {} at byte {} of the pickle finds {}, expected {}", what_, operation, at_ - 1,
         name_of(to->kind), name_of(wanted));
  }
  if (pairs && items.size() % 2 != 0)
    fail("{}: {} at byte {} of the pickle finds a key without a value", what_, operation, at_ - 1);
  push(to);
  // An object has one kind of item; a class that is both a list and a dict stays a riddle.
  if (to->kind == Kind::object) {
    if (to->items.empty()) to->pairs = pairs;
    if (to->pairs != pairs) return;
  }
  to->items.insert(to->items.end(), items.begin(), items.end());
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

}  // namespace fanin::io
