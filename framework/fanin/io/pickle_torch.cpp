// What the pickle machine does where a checkpoint names a global: no more than the few functions would by
// which PyTorch rebuilds tensors. Whatever else is called or made stays an object that says what it would
// have been.
#include <algorithm>
#include <array>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/pickle.hpp>
#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {
namespace {

/// `units` numbers of `dtype` make an element. Where the element itself is no number that we know, only its
/// size counts: the legacy form needs it to find the storages behind.
struct StorageClass {
  std::string_view name;
  DType dtype;
  std::int64_t units = 1;
  bool readable = true;
};
constexpr std::array<StorageClass, 18> storage_classes = {{{"DoubleStorage", DType::f64},
                                                           {"FloatStorage", DType::f32},
                                                           {"HalfStorage", DType::f16},
                                                           {"BFloat16Storage", DType::bf16},
                                                           {"LongStorage", DType::i64},
                                                           {"IntStorage", DType::i32},
                                                           {"ShortStorage", DType::i16},
                                                           {"CharStorage", DType::i8},
                                                           {"ByteStorage", DType::u8},
                                                           {"BoolStorage", DType::boolean},
                                                           {"ComplexFloatStorage", DType::i64, 1, false},
                                                           {"ComplexDoubleStorage", DType::i64, 2, false},
                                                           {"QInt8Storage", DType::i8, 1, false},
                                                           {"QUInt8Storage", DType::u8, 1, false},
                                                           {"QInt32Storage", DType::i32, 1, false},
                                                           {"QUInt4x2Storage", DType::u8, 1, false},
                                                           {"QUInt2x4Storage", DType::u8, 1, false},
                                                           {"UntypedStorage", DType::u8, 1, false}}};

const StorageClass* storage_class(const PickleValue& global) {
  if (global.text != "torch" && global.text != "torch.cuda" && global.text != "torch.storage") return nullptr;
  const auto found = std::find_if(storage_classes.begin(), storage_classes.end(),
                                  [&](const StorageClass& known) { return known.name == global.name; });
  return found == storage_classes.end() ? nullptr : &*found;
}

bool is(const PickleValue& global, std::string_view module, std::string_view name) {
  return global.text == module && global.name == name;
}

bool is_plain_integer(const PickleValue& value) {
  return value.kind == PickleValue::Kind::integer && value.text.empty();
}

}  // namespace

void Pickle::push_global(std::string_view module, std::string_view name) {
  PickleValue* global = make(Kind::global);
  global->text = module;
  global->name = name;
  push(global);
}

PickleValue* Pickle::make_object(std::string_view module, std::string_view name, PickleValue* arguments) {
  PickleValue* object = make(Kind::object);
  object->text = module;
  object->name = name;
  object->arguments = arguments;
  return object;
}

void Pickle::reduce() {
  PickleValue* arguments = top("REDUCE", Kind::tuple);
  pop("REDUCE");
  const PickleValue* function = pop("REDUCE");
  // A bound method or a partial that was made before is called: still nothing is.
  if (function->kind == Kind::object) return push(make_object(function->text, function->name, arguments));
  if (function->kind != Kind::global) {
    fail("{}: REDUCE at byte {} of the pickle finds {}, expected {}", what_, at_ - 1, name_of(function->kind),
         name_of(Kind::global));
  }
  push(call(*function, arguments));
}

PickleValue* Pickle::call(const PickleValue& function, PickleValue* arguments) {
  const auto& items = arguments->items;
  if (is(function, "collections", "OrderedDict")) return make_dict(items);
  if (is(function, "torch", "Size")) {
    if (items.size() != 1 || (items[0]->kind != Kind::tuple && items[0]->kind != Kind::list)) {
      fail("{}: torch.Size in the pickle wants one tuple", what_);
    }
    return items[0];
  }
  if (is(function, "torch._utils", "_rebuild_parameter") ||
      is(function, "torch._utils", "_rebuild_parameter_with_state")) {
    if (!items.empty() && items[0]->kind == Kind::object) return items[0];
    if (items.empty() || items[0]->kind != Kind::tensor)
      fail("{}: {} in the pickle wants a tensor", what_, function.name);
    return items[0];
  }
  if (is(function, "torch._utils", "_rebuild_tensor") || is(function, "torch._utils", "_rebuild_tensor_v2"))
    return rebuild_tensor(arguments, function.name);
  // A subclass of Tensor: (function, class, its arguments, attributes).
  if (is(function, "torch._tensor", "_rebuild_from_type_v2") ||
      is(function, "torch._tensor", "_rebuild_from_type") ||
      is(function, "torch.tensor", "_rebuild_from_type")) {
    const bool shaped = items.size() >= 3 && items[0]->kind == Kind::global &&
                        items[2]->kind == Kind::tuple && items[0]->text == "torch._utils" &&
                        items[0]->name.starts_with("_rebuild_");
    return shaped ? call(*items[0], items[2]) : make_object(function.text, function.name, arguments);
  }
  // TorchScript's lists of one type.
  if (function.text == "torch.jit._pickle" && items.size() == 1 && items[0]->kind == Kind::list)
    return items[0];
  if (is(function, "_codecs", "encode") && items.size() == 2 && items[0]->kind == Kind::text &&
      items[1]->kind == Kind::text && (items[1]->text == "latin1" || items[1]->text == "latin-1")) {
    PickleValue* bytes = make(Kind::bytes);
    bytes->text = items[0]->text;
    bytes->encoded = true;
    return bytes;
  }
  if (PickleValue* made = call_numpy(function, arguments)) return made;
  return make_object(function.text, function.name, arguments);
}

/// A class and a tuple of arguments (and a dict of keywords) make an object; nothing is called.
void Pickle::new_object(const char* operation, bool keywords) {
  if (keywords) pop(operation);
  PickleValue* arguments = top(operation, Kind::tuple);
  pop(operation);
  const PickleValue* type = pop(operation);
  if (type->kind != Kind::global && type->kind != Kind::object) {
    fail("{}: {} at byte {} of the pickle finds {}, expected {}", what_, operation, at_ - 1,
         name_of(type->kind), name_of(Kind::global));
  }
  push(make_object(type->text, type->name, arguments));
}

PickleValue* Pickle::make_dict(const std::vector<PickleValue*>& arguments) {
  PickleValue* dict = make(Kind::dict);
  if (arguments.empty()) return dict;
  // Python 2 wrote OrderedDict([[key, value], …]).
  if (arguments.size() != 1 || (arguments[0]->kind != Kind::list && arguments[0]->kind != Kind::tuple)) {
    fail("{}: OrderedDict in the pickle wants a list of pairs", what_);
  }
  // One list may be named by many calls, each of which copies it.
  copied_items_ += arguments[0]->items.size();
  if (copied_items_ > max_instructions)
    fail("{}: the pickle copies more than {} items", what_, max_instructions);
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
PickleValue* Pickle::rebuild_tensor(PickleValue* call, std::string_view function) {
  const auto& arguments = call->items;
  // pickle.dump, in place of torch.save, has whole files in place of storages.
  if (!arguments.empty() && arguments[0]->kind == Kind::object)
    return make_object("torch._utils", function, call);
  const bool shaped = arguments.size() >= 4 && arguments[0]->kind == Kind::storage &&
                      arguments[1]->kind == Kind::integer && arguments[2]->kind == Kind::tuple &&
                      arguments[3]->kind == Kind::tuple;
  if (!shaped) fail("{}: {} in the pickle wants a storage, an offset, a size and a stride", what_, function);
  if (!arguments[0]->name.empty()) return make_object("torch._utils", function, call);
  for (const PickleValue* tuple : {arguments[2], arguments[3]}) {
    if (tuple->items.size() >
        max_file_rank)  // before it is looked through, as each call may name the same one
      fail("{}: {} in the pickle has {} sizes or strides; at most {} are allowed", what_, function,
           tuple->items.size(), max_file_rank);
    for (const PickleValue* number : tuple->items) {
      if (!is_plain_integer(*number)) {
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

/// BUILD gives an object its attributes. An OrderedDict's (a state dict has `_metadata`) and a tensor's
/// nothing here needs.
void Pickle::build() {
  PickleValue* state = pop("BUILD");
  PickleValue* value = pop("BUILD");
  push(value);
  switch (value->kind) {
    case Kind::object:
      if (value->state == nullptr) value->state = state;
      return build_numpy(value, state);
    case Kind::dtype:
      return build_numpy(value, state);
    case Kind::dict:
    case Kind::tensor:
    case Kind::array:
      return;
    default:
      fail("{}: BUILD at byte {} of the pickle finds {}, expected {}", what_, at_ - 1, name_of(value->kind),
           name_of(Kind::object));
  }
}

/// ('storage', storage class, key, location, element count), and in the legacy form a last None: PyTorch
/// before 0.4 had views of storages there.
void Pickle::load_persistent() {
  const PickleValue* id = top("BINPERSID", Kind::tuple);
  pop("BINPERSID");
  const auto& items = id->items;
  const bool shaped = items.size() >= 5 && items.size() <= 6 && items[0]->kind == Kind::text &&
                      items[0]->text == "storage" && items[1]->kind == Kind::global &&
                      items[2]->kind == Kind::text && is_plain_integer(*items[4]) && items[4]->integer >= 0 &&
                      (items.size() == 5 || items[5]->kind == Kind::none);
  const StorageClass* type = shaped ? storage_class(*items[1]) : nullptr;
  PickleValue* storage = type != nullptr ? make(Kind::storage) : nullptr;
  if (storage == nullptr || __builtin_mul_overflow(items[4]->integer, type->units, &storage->integer)) {
    fail("{}: a persistent id in the pickle is not ('storage', class, key, location, element count)", what_);
  }
  storage->dtype = type->dtype;
  storage->text = items[2]->text;
  if (!type->readable) storage->name = type->name;
  storages_.push_back(storage);
  push(storage);
}

}  // namespace fanin::io
