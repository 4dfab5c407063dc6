#include <algorithm>
#include <limits>
#include <map>

#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/init/unmatched.hpp>
#include <fanin/start/assigned_schemes.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/open_files.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>
#include <fanin/start/slots.hpp>

namespace fanin::start {
namespace {

/// The floor of schemes is below this one, so that those of this room add themselves to its table: as the
/// program starts, from a file that every program links which can use them. Where two shared objects hold a copy of the
/// library each, the linker makes their tables one, and the second finds them there.
[[maybe_unused]] const bool registered = [] {
  for (const auto scheme : {lsuv_scheme, analytic_scheme, empirical_scheme, krahenbuhl_scheme,
                            metainit_scheme, gradinit_scheme, weight_selection_scheme})
    if (init::SchemeInfo info = scheme(); init::find_scheme(info.name) == nullptr)
      init::register_scheme(std::move(info));
  return true;
}();

}  // namespace

std::vector<init::Target> targets_of(nn::Module& model) {
  std::vector<init::Target> targets;
  std::map<const nn::Parameter*, std::size_t> first;
  for (const auto& one : model.all_names()) {
    init::Target target{.name = one.name, .rank = one.parameter->value.rank()};
    for (const auto& own : one.owner->own_parameters())
      if (own->role() == init::Role::weight) target.weight_rank = own->value.rank();
    const auto [found, fresh] = first.try_emplace(one.parameter.get(), targets.size());
    (fresh ? targets : targets[found->second].ties).push_back(std::move(target));
  }
  return targets;
}

namespace {

Drawn describe(const nn::Module::NamedParameter& one, std::string scheme, std::string note) {
  const Tensor& value = one.parameter->value;
  // said to be loaded, by hand, and never given values
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto [mean, std] = value.has_values() ? moments(value.values()) : Moments{unknown, unknown};
  return {one.name, value.shape(), one.parameter->fans, std::move(scheme), mean, std, std::move(note)};
}

/// Takes an initialization back unless it came to its end: what it gave values has none again, and the
/// generator stands where it stood.
class Attempt {
 public:
  Attempt(nn::Module& model, Generator& generator)
      : generator_(generator), before_(generator), streams_(model.streams()) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    if (done_) return;
    generator_ = before_;
    nn::Module::set_streams(streams_);
    for (const Before& one : drawn_) {
      undraw(one.named);
      if (!one.values.defined()) continue;
      one.named.parameter->value.copy_from(one.values);
      one.named.parameter->origin = one.origin;
      one.named.parameter->drawn_by = one.drawn_by;
    }
  }
  /// Notes what a parameter holds that is to be drawn next.
  void begin(const nn::Module::NamedParameter& one) {
    const nn::Parameter& now = *one.parameter;
    const bool kept = now.origin != nn::Origin::declared && now.value.has_values();
    drawn_.push_back({one, kept ? now.value.clone() : Tensor(), now.origin, now.drawn_by});
  }
  void drew(const nn::Module::NamedParameter& one, const init::Initializer& scheme) {
    one.parameter->origin = nn::Origin::drawn;
    one.parameter->drawn_by = scheme;
  }
  void keep() { done_ = true; }

  static void undraw(const nn::Module::NamedParameter& one) {
    one.parameter->origin = nn::Origin::declared;
    one.parameter->drawn_by.reset();
    one.parameter->value.unset(fmt::format("parameter '{}'", one.name));
  }

 private:
  Generator& generator_;
  Generator before_;
  std::vector<nn::Module::Stream> streams_;
  struct Before {
    nn::Module::NamedParameter named;
    Tensor values;  // undefined: none
    nn::Origin origin;
    std::optional<init::Initializer> drawn_by;
  };
  std::vector<Before> drawn_;
  bool done_ = false;
};

void require_batch(const Samples& samples, const std::string& name, const init::Initializer& scheme) {
  if (!samples.images.defined() || samples.images.rank() < 1 || samples.images.numel() == 0)
    fail("{}: scheme '{}' needs a batch of at least one sample", name, scheme.to_string());
  if (static_cast<Index>(samples.labels.size()) != samples.images.size(0))
    fail("{}: scheme '{}' got {} images and {} labels", name, scheme.to_string(), samples.images.size(0),
         samples.labels.size());
}

std::string origin_of(const nn::Parameter& parameter) {
  if (parameter.origin == nn::Origin::declared) return "none";
  return parameter.origin == nn::Origin::loaded ? "loaded" : "kept";
}

enum class Walk { slots, one_stream };

void draw_all(nn::Module& model, const AssignedSchemes& all, Generator& generator, Walk walk,
              Attempt& attempt) {
  const OpenFiles open_once;
  const auto draw = [&](std::size_t i, Generator& source) {
    if (!all.draws(i)) return;
    attempt.begin(all.parameters[i]);
    all.fill(i, all.parameters[i].parameter->value, source);
    attempt.drew(all.parameters[i], all.schemes[i].at(all.sites[i]));
  };
  if (walk == Walk::one_stream) {
    for (std::size_t i = 0; i < all.parameters.size(); ++i) draw(i, generator);
    return;
  }
  for_each_slot(model, generator, [&](const Slot& slot) {
    Generator source = slot.source(all.schemes[slot.index]);
    draw(slot.index, source);
  });
}

/// What the values are by, of a scheme that was to be fitted to data and was not.
init::Initializer unfitted(const init::Initializer& scheme, const nn::Parameter& parameter) {
  const auto base = scheme.base();
  if (!base) return scheme;
  return parameter.value.rank() < 2 ? init::zeros() : *base;
}

std::vector<Drawn> initialize_all(nn::Module& model, const init::Plan& plan, Generator& generator,
                                  const Samples* samples, Walk walk = Walk::slots,
                                  Draws draws = Draws::first) {
  const AssignedSchemes all = assign_schemes(model, plan, samples != nullptr, draws);
  const auto& parameters = all.parameters;
  std::vector<Fit> fits;
  std::vector<std::size_t> fitted;
  std::vector<std::string> origins, notes;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    origins.push_back(all.draws(i) ? all.schemes[i].to_string() : origin_of(*parameters[i].parameter));
    const nn::Parameter& parameter = *parameters[i].parameter;
    notes.emplace_back();
    if (all.draws(i))
      all.naming(i, [&] {
        notes.back() =
            all.schemes[i].at(all.sites[i]).caution(parameter.value.shape(), parameter.fans).value_or("");
      });
    if (!all.draws(i) || !all.schemes[i].scheme().needs_data()) continue;
    require_batch(*samples, parameters[i].name, all.schemes[i]);
    fits.push_back({parameters[i].name, parameters[i].parameter.get(), parameters[i].owner, all.schemes[i]});
    fitted.push_back(i);
  }
  Attempt attempt(model, generator);
  if (walk == Walk::slots) {
    model.seed_streams(derive_seed(generator.seed(), generator.save()));
  } else {
    for (const auto& [name, stream] : model.named_generators()) *stream = Generator(0);  // as they were then
  }
  draw_all(model, all, generator, walk, attempt);
  if (!fits.empty()) {
    const auto left = refine(model, fits, *samples);
    for (std::size_t k = 0; k < fits.size(); ++k) {
      if (left[k].empty()) continue;
      const std::size_t i = fitted[k];
      notes[i] = fmt::format("{} left it as drawn: {}", all.schemes[i].name(), left[k]);
      fits[k].parameter->drawn_by = unfitted(all.schemes[i], *fits[k].parameter);
      origins[i] = fits[k].parameter->drawn_by->to_string();
    }
  }
  std::vector<Drawn> report;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    report.push_back(describe(parameters[i], std::move(origins[i]), std::move(notes[i])));
  attempt.keep();
  return report;
}

}  // namespace

void initialize_by_one_stream(nn::Module& model, const init::Plan& plan, Generator& generator,
                              const Samples* samples) {
  if (samples == nullptr) {
    initialize_all(model, plan, generator, nullptr, Walk::one_stream);
    return;
  }
  Samples then = *samples;
  then.one_stream = true;
  initialize_all(model, plan, generator, &then, Walk::one_stream);
}

std::vector<std::string> notes_of(const std::vector<Drawn>& drawn) {
  std::vector<std::string> notes;
  for (const Drawn& one : drawn)
    if (!one.note.empty()) notes.push_back(fmt::format("{}: {}", one.name, one.note));
  return notes;
}

std::vector<Drawn> initialize(nn::Module& model, const init::Plan& plan, Generator& generator) {
  return initialize_all(model, plan, generator, nullptr);
}

std::vector<Drawn> initialize(nn::Module& model, const init::Plan& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels) {
  const Samples samples{images, labels};
  return initialize_all(model, plan, generator, &samples);
}

std::vector<Drawn> initialize(nn::Module& model, const std::string& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels) {
  return initialize(model, init::Plan::parse(plan), generator, images, labels);
}

std::vector<Drawn> initialize(nn::Module& model, const std::string& plan, Generator& generator) {
  return initialize(model, init::Plan::parse(plan), generator);
}

std::vector<Drawn> initialize(nn::Module& model, Generator& generator) {
  return initialize_all(model, init::Plan(), generator, nullptr, Walk::slots, Draws::first_without_plan);
}

std::vector<Drawn> reinitialize(nn::Module& model, const init::Plan& plan, Generator& generator) {
  // A plan without rules is `default`, as its text says.
  return initialize_all(model, plan.rules().empty() ? init::Plan::parse(plan.to_string()) : plan, generator,
                        nullptr, Walk::slots, Draws::again);
}

std::vector<Drawn> reinitialize(nn::Module& model, const std::string& plan, Generator& generator) {
  return reinitialize(model, init::Plan::parse(plan), generator);
}

std::vector<std::string> fitted_parameters(nn::Module& model, const init::Plan& plan) {
  const AssignedSchemes all = assign_schemes(model, plan, true);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    if (all.draws(i) && all.schemes[i].scheme().needs_data()) names.push_back(all.parameters[i].name);
  }
  return names;
}

void require_initializable(nn::Module& model, const init::Plan& plan, bool with_data) {
  const OpenFiles open_once;
  const AssignedSchemes all = assign_schemes(model, plan, with_data);
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    if (!all.draws(i)) continue;
    const Shape& shape = all.parameters[i].parameter->value.shape();
    bool stated = false;
    all.naming(i, [&] {
      const init::Site& site = all.sites[i];
      stated = all.schemes[i].at(site).deviation(shape, site.fans).has_value();
    });
    if (stated) continue;
    Tensor scratch(shape);
    Generator generator(0);
    all.fill(i, scratch, generator);
  }
}

void forget(nn::Module& model, const std::string& pattern) {
  const auto parameters = model.all_names();
  std::vector<std::string> known;
  for (const auto& one : parameters) known.push_back(one.name);
  if (const auto idle = init::unmatched(pattern, known))
    fail_usage("forget: no parameter or layer matches {}{}", in_quotes(*idle), suggest(*idle, known));
  for (const auto& one : parameters) {
    if (init::covers(pattern, one.name)) Attempt::undraw(one);
  }
}

}  // namespace fanin::start
