#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/dtype.hpp"

namespace fanin {

/// What a pickle of a state dict can hold. Texts are views into the pickle; `items` are owned by the
/// `Pickle`, may be shared, and in a hostile file may form a cycle.
struct PickleValue {
  enum class Kind { none, boolean, integer, number, text, bytes, list, tuple, dict, global, storage, tensor };
  Kind kind = Kind::none;
  DType dtype = DType::f32;  ///< of a storage
  std::int64_t integer = 0;  ///< the value; a storage's element count; a tensor's storage offset
  double number = 0;         ///< of a float
  std::string_view text;  ///< the value; a global's module; a storage's key; an integer's bytes past 64 bits
  std::string_view name;  ///< of a global
  std::vector<PickleValue*> items;  ///< of a list or tuple; a dict's keys and values in turn;
                                    ///< a tensor's storage, size and stride
};
const char* name_of(PickleValue::Kind kind);

/// Runs a pickle (Python's pickletools documents the machine; protocols 2 to 5) the way a state dict needs it
/// and no further: it knows OrderedDict, torch.Size, torch's storages and the functions that rebuild tensors
/// and parameters, by name, and calls nothing. Any other global is an Error that names it. Instructions,
/// values and memo entries are limited, so that a small file cannot grow large in memory.
class Pickle {
 public:
  /// Runs the pickle that starts at `bytes`; `what` names it in messages.
  Pickle(Bytes bytes, std::string what);
  Pickle(Pickle&&) = default;
  Pickle(const Pickle&) = delete;

  const PickleValue& result() const { return *result_; }
  std::size_t size() const { return at_; }  ///< bytes used, to the STOP included
  /// Every storage that the pickle names, as often as it does.
  const std::vector<const PickleValue*>& storages() const { return storages_; }

  static constexpr std::size_t max_instructions = 1'000'000;
  static constexpr std::size_t max_values = 200'000;
  static constexpr std::size_t max_memo = 200'000;

 private:
  using Kind = PickleValue::Kind;

  bool step();
  template <class T>
  T take();
  std::string_view take_bytes(std::uint64_t size);
  std::string_view take_line();

  PickleValue* make(Kind kind);
  void push(PickleValue* value) { stack_.push_back(value); }
  void push_text(Kind kind, std::string_view text);
  void push_integer(std::int64_t value);
  void push_long(std::uint64_t size);
  PickleValue* pop(const char* operation);
  PickleValue* top(const char* operation, Kind kind);
  std::vector<PickleValue*> pop_to_mark(const char* operation);
  void push_tuple(std::size_t size);
  void put(std::uint64_t index);
  void get(std::uint64_t index);

  void push_global(std::string_view module, std::string_view name);
  void reduce();
  void build();
  void load_persistent();
  PickleValue* rebuild_tensor(const std::vector<PickleValue*>& arguments, std::string_view function);
  PickleValue* make_dict(const std::vector<PickleValue*>& arguments);

  Bytes bytes_;
  std::string what_;
  std::size_t at_ = 0;
  std::deque<PickleValue> values_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleValue*> memo_;
  std::vector<const PickleValue*> storages_;
  PickleValue* result_ = nullptr;
};

}  // namespace fanin
