// What a pickled value is in words, and its bytes.
#include <cstring>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/pickle.hpp>

namespace fanin::io {

const char* name_of(PickleValue::Kind kind) {
  using enum PickleValue::Kind;
  static constexpr auto names =
      named_values<PickleValue::Kind>("kind", {{none, "None"},
                                               {boolean, "a bool"},
                                               {integer, "an int"},
                                               {number, "a float"},
                                               {text, "a str"},
                                               {bytes, "bytes"},
                                               {list, "a list"},
                                               {tuple, "a tuple"},
                                               {dict, "a dict"},
                                               {global, "a global"},
                                               {storage, "a storage"},
                                               {tensor, "a tensor"},
                                               {PickleValue::Kind::dtype, "a dtype"},
                                               {array, "an array"},
                                               {object, "an object"}});
  return names.name_of(kind);
}

std::string describe(const PickleValue& value) {
  using Kind = PickleValue::Kind;
  constexpr std::size_t longest = 100;
  const auto full_name = [](const PickleValue& named) {
    const std::string name = printable(named.name, longest);
    if (named.text == "builtins" || named.text == "__builtin__") return name;
    return fmt::format("{}.{}", printable(named.text, longest), name);
  };
  if (value.kind == Kind::global) return "the global " + full_name(value);
  if (value.kind == Kind::storage && !value.name.empty())
    return "a storage of class " + printable(value.name, longest);
  if (value.kind == Kind::dtype) return "a NumPy dtype";
  if (value.kind != Kind::object) return name_of(value.kind);
  if (value.name == "_reconstruct" || (value.text == "numpy" && value.name == "ndarray"))
    return "a NumPy array of no plain numbers (objects, texts, dates or records)";
  // Some classes are made by a function that is handed the class: name the class.
  const auto* first =
      value.arguments != nullptr && !value.arguments->items.empty() ? value.arguments->items[0] : nullptr;
  if (first != nullptr && value.text == "torch._utils" && first->kind == Kind::storage &&
      !first->name.empty())
    return "a tensor whose numbers are not supported: " + describe(*first);
  if (first != nullptr && first->kind == Kind::global) {
    if (value.name == "getattr" && value.arguments->items.size() == 2 &&
        value.arguments->items[1]->kind == Kind::text)
      return fmt::format("{}.{}", full_name(*first), printable(value.arguments->items[1]->text, longest));
    if (value.name == "_reconstructor" || value.name == "_rebuild_from_type_v2")
      return "an object of " + full_name(*first);
  }
  const bool function =
      value.name.starts_with('_') && (value.text.starts_with("torch") || value.text.starts_with("numpy"));
  return fmt::format("{} {}", function ? "what would be made by" : "an object of", full_name(value));
}

bool decode_bytes(const PickleValue& value, std::span<std::byte> out) {
  if (!value.encoded) {
    if (value.text.size() != out.size()) return false;
    if (!out.empty()) std::memcpy(out.data(), value.text.data(), out.size());
    return true;
  }
  std::size_t made = 0;
  for (std::size_t at = 0; at < value.text.size(); ++made) {
    const auto first = static_cast<unsigned char>(value.text[at]);
    if (made == out.size()) return false;
    if (first < 0x80) {
      out[made] = std::byte{first};
      ++at;
      continue;
    }
    // Two bytes of UTF-8 for 0x80 to 0xff.
    if ((first != 0xc2 && first != 0xc3) || at + 1 == value.text.size()) return false;
    const auto second = static_cast<unsigned char>(value.text[at + 1]);
    if ((second & 0xc0) != 0x80) return false;
    out[made] = static_cast<std::byte>((first & 3) << 6 | (second & 0x3f));
    at += 2;
  }
  return made == out.size();
}

}  // namespace fanin::io
