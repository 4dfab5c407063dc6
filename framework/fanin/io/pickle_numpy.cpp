// NumPy's arrays, scalars and dtypes in a pickle: their bytes lie in it, and nothing need be called to read
// them.
#include <algorithm>
#include <array>
#include <cstring>

#include <fanin/core/error.hpp>
#include <fanin/io/numpy_dtype.hpp>
#include <fanin/io/pickle.hpp>

namespace fanin::io {
namespace {

using Kind = PickleValue::Kind;

bool in_numpy(const PickleValue& global) {
  // NumPy 2 renamed numpy.core to numpy._core.
  for (const std::string_view module : {"numpy.core.multiarray", "numpy._core.multiarray",
                                        "numpy.core.numeric", "numpy._core.numeric", "numpy"}) {
    if (global.text == module) return true;
  }
  return false;
}

bool is_shape(const PickleValue& value) {
  if (value.kind != Kind::tuple || value.items.size() > 32) return false;
  for (const PickleValue* size : value.items) {
    if (size->kind != Kind::integer || !size->text.empty()) return false;
  }
  return true;
}

}  // namespace

PickleValue* Pickle::call_numpy(const PickleValue& function, PickleValue* arguments) {
  if (!in_numpy(function)) return nullptr;
  const auto& items = arguments->items;
  if (function.name == "dtype" && !items.empty() && items[0]->kind == Kind::text) {
    PickleValue* dtype = make(Kind::dtype);
    const auto known = numpy_dtype(items[0]->text, dtype->big_endian);
    dtype->dtype = known.value_or(DType::u8);
    dtype->text = items[0]->text;
    if (!known) dtype->name = items[0]->text;
    return dtype;
  }
  if (function.name == "scalar" && items.size() == 2 && items[0]->kind == Kind::dtype &&
      items[1]->kind == Kind::bytes)
    return make_scalar(*items[0], *items[1]);
  // Protocol 5: _frombuffer(bytes, dtype, shape, order).
  if (function.name == "_frombuffer" && items.size() == 4 && items[3]->kind == Kind::text)
    return make_array(items[2], items[1], items[0], items[3]->text == "F");
  return nullptr;
}

/// A dtype gets its byte order, an array that `_reconstruct` made (version, shape, dtype, Fortran order,
/// bytes).
void Pickle::build_numpy(PickleValue* value, PickleValue* state) {
  if (state->kind != Kind::tuple) return;
  const auto& items = state->items;
  if (value->kind == Kind::dtype) {
    if (items.size() > 1 && items[1]->kind == Kind::text) value->big_endian = items[1]->text == ">";
    // A structured dtype, or one with a shape of its own.
    if (items.size() > 4 && (items[2]->kind != Kind::none || items[3]->kind != Kind::none) &&
        value->name.empty())
      value->name = value->text;
    return;
  }
  if (!in_numpy(*value) || value->name != "_reconstruct" || items.size() != 5 ||
      items[3]->kind != Kind::boolean)
    return;
  if (const PickleValue* array = make_array(items[1], items[2], items[4], items[3]->integer != 0);
      array->kind == Kind::array)
    *value = *array;
}

/// An object that says so where the elements cannot be read.
PickleValue* Pickle::make_array(PickleValue* shape, const PickleValue* dtype, const PickleValue* data,
                                bool fortran) {
  if (dtype->kind != Kind::dtype || !dtype->name.empty() || data->kind != Kind::bytes || !is_shape(*shape))
    return make_object("numpy", "ndarray", nullptr);
  PickleValue* array = make(Kind::array);
  array->dtype = dtype->dtype;
  array->big_endian = dtype->big_endian;
  array->fortran = fortran;
  array->encoded = data->encoded;
  array->text = data->text;
  array->items = {shape};
  return array;
}

PickleValue* Pickle::make_scalar(const PickleValue& dtype, const PickleValue& data) {
  std::array<std::byte, 8> element{};
  const std::size_t size = size_of(dtype.dtype);
  if (!dtype.name.empty() || !decode_bytes(data, {element.data(), size}))
    return make_object("numpy", "generic", nullptr);
  if (dtype.big_endian) std::reverse(element.begin(), element.begin() + static_cast<std::ptrdiff_t>(size));
  if (dtype.dtype == DType::f64) {
    PickleValue* value = make(Kind::number);
    std::memcpy(&value->number, element.data(), size);
    return value;
  }
  if (is_float(dtype.dtype)) {
    float narrow = 0;
    floats_from(dtype.dtype, element.data(), 1, &narrow);
    PickleValue* value = make(Kind::number);
    value->number = static_cast<double>(narrow);
    return value;
  }
  const bool is_signed = dtype.dtype == DType::i8 || dtype.dtype == DType::i16 || dtype.dtype == DType::i32;
  PickleValue* value = make(dtype.dtype == DType::boolean ? Kind::boolean : Kind::integer);
  if (is_signed && (std::to_integer<unsigned>(element[size - 1]) & 0x80) != 0) value->integer = -1;
  std::memcpy(&value->integer, element.data(), size);
  return value;
}

}  // namespace fanin::io
