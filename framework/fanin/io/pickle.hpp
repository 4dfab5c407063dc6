#pragma once
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/io/dtype.hpp>

namespace fanin::io {

/// What a pickle of a checkpoint can hold. Texts are views into the pickle; `items` are owned by the
/// `Pickle`, may be shared, and in a hostile file may form a cycle.
struct PickleValue {
  /// What Python, PyTorch or NumPy would have of it.
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    number,
    text,
    bytes,
    list,
    tuple,
    dict,
    global,
    storage,
    tensor,
    dtype,
    array,
    object
  };
  Kind kind = Kind::none;   ///< which of the members below have a meaning
  bool big_endian = false;  ///< of a dtype or array
  bool fortran = false;     ///< of an array: the first index moves fastest
  /// Of bytes or an array: `text` is UTF-8 of which each character stands for one byte.
  bool encoded = false;
  bool pairs = false;        ///< of an object: `items` are keys and values in turn
  DType dtype = DType::f32;  ///< of a storage, dtype or array
  std::int64_t integer = 0;  ///< the value; a storage's count of `dtype`; a tensor's storage offset
  double number = 0;         ///< of a float
  /// The value; a global's or object's module; a storage's key; an integer's bytes past 64 bits.
  std::string_view text;
  std::string_view name;  ///< of a global or an object's class; of a storage or dtype that cannot be read
  std::vector<PickleValue*> items;   ///< of a list, tuple or object; a dict's keys and values in turn;
                                     ///< a tensor's storage, size and stride; an array's shape
  PickleValue* arguments = nullptr;  ///< of an object: what its class or function was called with
  PickleValue* state = nullptr;      ///< of an object: what BUILD gave it
};
/// Python's word for it, for messages.
const char* name_of(PickleValue::Kind kind);
/// "an object of argparse.Namespace", "the global torch.float16", "an int": what a value is, in printable
/// words.
std::string describe(const PickleValue& value);

/// The bytes of a `bytes` or `array`, as many as `out` takes; false where they are not so many.
bool decode_bytes(const PickleValue& value, std::span<std::byte> out);

/// Runs a pickle (Python's pickletools documents the machine; protocols 2 to 5) as a reader and no further:
/// it knows OrderedDict, torch.Size, torch's storages, NumPy's arrays and scalars, and the functions that
/// rebuild tensors and parameters, by name, and calls nothing. Whatever else is asked for becomes an object
/// that says what it would have been. Instructions, values and memo entries are limited, so that a small file
/// cannot grow large in memory.
class Pickle {
 public:
  /// Runs the pickle that starts at `bytes`; `what` names it in messages.
  Pickle(Bytes bytes, std::string what);
  Pickle(Pickle&&) = default;  ///< values stay where they are
  Pickle(const Pickle&) = delete;

  const PickleValue& result() const { return *result_; }  ///< what the pickle is of
  std::size_t size() const { return at_; }                ///< bytes used, to the STOP included
  /// Every storage that the pickle names, as often as it does.
  const std::vector<const PickleValue*>& storages() const { return storages_; }

  /// @{
  /// Past these the pickle is refused.
  static constexpr std::size_t max_instructions = 1'000'000;
  static constexpr std::size_t max_values = 200'000;
  static constexpr std::size_t max_memo = 200'000;
  /// @}

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
  void new_object(const char* operation, bool keywords);
  void build();
  void load_persistent();
  void add_items(PickleValue* to, const std::vector<PickleValue*>& items, bool pairs, const char* operation);
  PickleValue* call(const PickleValue& function, PickleValue* arguments);
  PickleValue* make_object(std::string_view module, std::string_view name, PickleValue* arguments);
  PickleValue* call_numpy(const PickleValue& function, PickleValue* arguments);
  void build_numpy(PickleValue* value, PickleValue* state);
  PickleValue* make_array(PickleValue* shape, const PickleValue* dtype, const PickleValue* data,
                          bool fortran);
  PickleValue* make_scalar(const PickleValue& dtype, const PickleValue& data);
  PickleValue* rebuild_tensor(PickleValue* arguments, std::string_view function);
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
  std::size_t copied_items_ = 0;  // by calls, beyond what the instructions themselves move
};

}  // namespace fanin::io
