#pragma once
#include <string_view>

#include <fanin/core/named_values.hpp>

namespace fanin::init {

/// What a parameter is to its layer, as PyTorch's names tell it.
enum class Role {
  weight,  ///< what multiplies the layer's input (`weight`, `in_proj_weight`); of a normalization its scale
  bias,    ///< what is added (`bias`, `bias_ih_l0`)
  branch_weight,  ///< the scale of a residual branch
  other,          ///< any that is called otherwise
};

/// Their names: "weight", "bias", "branch_weight".
constexpr auto choices_of(Role) {
  return named_values<Role>("role", {{Role::weight, "weight"},
                                     {Role::bias, "bias"},
                                     {Role::branch_weight, "branch_weight"},
                                     {Role::other, "other"}});
}

/// The last part of a dotted name: `weight` of `conv1.weight`.
constexpr std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// That of a parameter of this name, its full one or the one within its layer.
constexpr Role role_of(std::string_view name) {
  const std::string_view last = last_part(name);
  if (const auto role = choices_of(Role()).find(last)) return *role;
  if (last.find("weight") != std::string_view::npos) return Role::weight;
  return last.find("bias") != std::string_view::npos ? Role::bias : Role::other;
}

}  // namespace fanin::init
