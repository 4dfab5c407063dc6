#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fanin/core/fail.hpp>
#include <fanin/core/type_name.hpp>
#include <fanin/nn/module_walk.inl>

namespace fanin::nn {
namespace {

/// No parameter twice: each under the first of its names.
template <class Named>
std::vector<Named> each_once(std::vector<Named> all) {
  std::unordered_set<const Parameter*> seen;
  std::erase_if(all, [&](const Named& one) { return !seen.insert(one.parameter.get()).second; });
  return all;
}

}  // namespace

template <class AModule>
auto Module::names_of(AModule& module) {
  constexpr bool constant = std::is_const_v<AModule>;
  std::vector<std::conditional_t<constant, ConstNamedParameter, NamedParameter>> all;
  walk(module, "", [&](const std::string& name, AModule& below) {
    for (auto& one : below.parameters_) {
      if (*one.place) all.push_back({join(name, one.name), *one.place, &below});
    }
  });
  return all;
}

template <class AModule>
auto Module::modules_of(AModule& module) {
  std::vector<NamedModuleOf<AModule>> all;
  walk_once(module, [&](const std::string& name, AModule& below) { all.push_back({name, &below}); });
  return all;
}

template <class AModule>
auto Module::find(AModule& module, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& one : module.all_names()) {
    if (one.name == name) return one.parameter;
    known.push_back(one.name);
  }
  fail_usage("no parameter is named '{}'{}", name, suggest(name, known));
}

std::vector<std::shared_ptr<Parameter>> Module::own_parameters() const {
  std::vector<std::shared_ptr<Parameter>> all;
  for (const auto& one : parameters_) {
    if (*one.place) all.push_back(*one.place);
  }
  return all;
}

std::vector<Module::NamedParameter> Module::all_names() { return names_of(*this); }
std::vector<Module::ConstNamedParameter> Module::all_names() const { return names_of(*this); }

std::vector<Module::NamedParameter> Module::named_parameters() { return each_once(all_names()); }
std::vector<Module::ConstNamedParameter> Module::named_parameters() const { return each_once(all_names()); }

std::vector<std::size_t> Module::draw_order() const {
  std::vector<std::size_t> order;
  for (const DrawTurn& turn : draw_turns()) {
    if (turn.index) order.push_back(*turn.index);
  }
  return order;
}

std::vector<Module::DrawTurn> Module::draw_turns() const {
  using Turn = std::pair<std::string, const OwnParameter*>;  // its name below the layer at hand
  const auto turns_of = [](const auto& self, const Module& module) -> std::vector<Turn> {
    std::vector<Turn> declared, turns;
    for (const auto& one : module.parameters_) {
      if (*one.place) declared.emplace_back(one.name, &one);
    }
    for (const auto& [name, child] : module.children())
      for (const Turn& turn : self(self, *child)) declared.emplace_back(join(name, turn.first), turn.second);
    std::vector<bool> taken(declared.size());
    const auto take = [&](const auto& wanted) {
      for (std::size_t i = 0; i < declared.size(); ++i) {
        if (taken[i] || !wanted(declared[i].first)) continue;
        taken[i] = true;
        turns.push_back(declared[i]);
      }
    };
    for (const std::string& first : module.drawn_first_)
      take([&](const std::string& name) { return name == first || name.starts_with(first + "."); });
    take([](const std::string&) { return true; });
    return turns;
  };
  std::unordered_map<const Parameter*, std::size_t> index;
  std::size_t next = 0;
  for (const auto& one : named_parameters()) index.emplace(one.parameter.get(), next++);
  std::vector<DrawTurn> all;
  std::unordered_set<const OwnParameter*> seen;  // a layer that stands twice was made once
  for (const auto& [name, own] : turns_of(turns_of, *this)) {
    if (!seen.insert(own).second) continue;
    DrawTurn turn{std::nullopt, own->standard, own->shape, own->fans};
    const auto found = index.find(own->place->get());
    if (*own->place == own->born.lock() && found != index.end()) {
      turn.index = found->second;
      index.erase(found);
    }
    all.push_back(std::move(turn));
  }
  // One whose own layer is not in the model still gets its values: last.
  const auto parameters = named_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& one = *parameters[i].parameter;
    if (index.contains(&one)) all.push_back({i, one.standard(), one.value.shape(), one.fans});
  }
  return all;
}

void Module::draw_in_order(std::vector<std::string> names) {
  std::vector<std::string> known;
  for (const auto& one : named_modules()) known.push_back(one.name);
  for (const auto& one : named_parameters()) known.push_back(one.name);
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (name->empty() || std::find(known.begin(), known.end(), *name) == known.end())
      fail("{}: draw_in_order names {}, which is no parameter or layer below it{}", kind(), in_quotes(*name),
           suggest(*name, known));
    if (std::find(names.begin(), name, *name) != name)
      fail("{}: draw_in_order names '{}' twice", kind(), *name);
  }
  drawn_first_ = std::move(names);
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers() const {
  std::vector<std::pair<std::string, Tensor>> all;
  walk_once(*this, [&](const std::string& name, const Module& module) {
    for (const auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::vector<Module::NamedModule> Module::named_modules() { return modules_of(*this); }
std::vector<Module::ConstNamedModule> Module::named_modules() const { return modules_of(*this); }

std::vector<std::pair<std::string, Tensor>> Module::state_dict() const {
  std::vector<std::pair<std::string, Tensor>> all;
  walk(*this, "", [&](const std::string& name, const Module& module) {
    for (const auto& one : module.parameters_) {
      if (*one.place) all.emplace_back(join(name, one.name), (*one.place)->value);
    }
    for (const auto& one : module.buffers_) all.emplace_back(join(name, one.name), one.value);
  });
  return all;
}

std::shared_ptr<Parameter> Module::parameter(const std::string& name) { return find(*this, name); }
std::shared_ptr<const Parameter> Module::parameter(const std::string& name) const {
  return find(*this, name);
}

bool Module::has_matrix() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const auto& one) { return *one.place && (*one.place)->value.rank() >= 2; });
}

Index Module::parameter_count() const {
  Index count = 0;
  for (const auto& one : named_parameters()) count += one.parameter->value.numel();
  return count;
}

std::vector<std::pair<std::string, Generator*>> Module::named_generators() {
  std::vector<std::pair<std::string, Generator*>> all;
  walk_once(*this, [&](const std::string& name, Module& module) {
    if (Generator* generator = module.own_generator()) all.emplace_back(name, generator);
  });
  return all;
}

ModulePtr Module::layer(const std::string& name) const {
  require_whole();
  const Module* at = this;
  ModulePtr found;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    const auto& children = at->children();
    const auto child =
        std::find_if(children.begin(), children.end(), [&](const auto& one) { return one.first == part; });
    if (child == children.end()) {
      std::vector<std::string> known;
      for (const auto& one : named_modules()) {
        if (!one.name.empty()) known.push_back(one.name);
      }
      const auto parameters = all_names();
      if (std::any_of(parameters.begin(), parameters.end(),
                      [&](const auto& one) { return one.name == name; }))
        fail_usage("'{}' is a parameter, not a layer; ask for it by parameter(\"{}\")", name, name);
      fail_usage("{}: no layer is named {}{}", kind(), in_quotes(name), suggest(name, known));
    }
    found = child->second;
    at = found.get();
    begin = end + 1;
  }
  return found;
}

void Module::refuse_type(const std::string& name, const std::type_info& wanted) const {
  fail("{} is {}, not of the type asked for, {}",
       name.empty() ? "the layer" : fmt::format("layer '{}'", name), describe(), type_name(wanted));
}

}  // namespace fanin::nn
