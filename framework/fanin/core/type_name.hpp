#pragma once
#include <string>
#include <typeinfo>

namespace fanin {

/// A type as it is written: "fanin::nn::Linear".
std::string type_name(const std::type_info& type);
/// The same without the namespaces around it: "Linear".
std::string short_type_name(const std::type_info& type);

}  // namespace fanin
