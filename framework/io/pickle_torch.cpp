// What the pickle machine does where a state dict names a global: no more than PyTorch's own few functions would.
#include <algorithm>
#include <array>
#include <utility>

#include "framework/core/error.hpp"
#include "framework/io/pickle.hpp"

namespace fanin {
namespace {

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
