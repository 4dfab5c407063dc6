#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include <fanin/core/type_name.hpp>

namespace fanin {

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return readable ? readable.get() : type.name();
}

std::string short_type_name(const std::type_info& type) {
  const std::string whole = type_name(type);
  const std::size_t colons = whole.substr(0, whole.find('<')).rfind("::");
  return colons == std::string::npos ? whole : whole.substr(colons + 2);
}

}  // namespace fanin
