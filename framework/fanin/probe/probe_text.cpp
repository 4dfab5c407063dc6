#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/format.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/probe/probe_text.hpp>

namespace fanin::probe {
namespace {

std::string digits(double value) { return fmt::format("{:.3g}", value); }
std::string two_digits(double value) { return fmt::format("{:.2g}", value); }
std::string share(double value) { return value == 0 ? "-" : fmt::format("{:.0f}%", 100 * value); }

std::string verdict(const Outlook& one) {
  return fmt::format("{} {:.0f}%", one.trains() ? "yes" : "no", 100 * one.chance());
}

std::string losses(const Outlook& one) {
  // Of what explodes the size alone counts, and there is little room for it.
  const auto loss = [](double value) { return value < 1e4 ? digits(value) : fmt::format("{:.0e}", value); };
  return fmt::format("{} → {}, {}", loss(one.loss_before),
                     std::isfinite(one.loss_after) ? loss(one.loss_after) : "diverged", one.steps);
}

}  // namespace

std::string probe_table(const std::vector<Probed>& all, const ProbeSetup& setup, int width) {
  text::TextTable table({{"scheme"},
                         {"signal"},
                         {fmt::format("trains at {}", setup.run.lr), true},
                         {"loss, steps", true},
                         {"sharp·lr", true}});
  for (const auto& one : all)
    table.add({text::shorten(one.scheme, 25), text::shorten(one.diagnosis.to_string(), 18),
               verdict(one.outlook), losses(one.outlook), two_digits(one.outlook.sharpness_rate)});
  return table.to_string(width);
}

std::string probe_reasons(const std::vector<Probed>& all) {
  std::vector<std::string> told;
  const auto tell = [&](const std::string& line) {
    if (std::find(told.begin(), told.end(), line) == told.end()) told.push_back(line);
  };
  for (const auto& one : all) {
    if (!one.diagnosis.sound())
      tell(fmt::format("{} ({}): {}", name_of(one.diagnosis.condition), one.diagnosis.measure,
                       one.diagnosis.reason));
  }
  for (const auto& one : all) {
    if (!one.outlook.trains()) tell(fmt::format("will not train: {}", one.outlook.reason));
  }
  std::string lines;
  for (const auto& line : told) lines += line + "\n";
  return lines;
}

std::string recommendation_text(const std::optional<Recommendation>& chosen, const std::vector<Probed>& all) {
  if (!chosen)
    return fmt::format(
        "recommended: nothing; none of these schemes will train this model on these data at the planned rate, nor the "
        "soundest of them at a lower one down to {}: try lower still (--lr), others (fanin inits), more epochs, or "
        "another model\n",
        all.empty() ? 0 : least_rate(all.front().outlook.lr));
  const Outlook &planned = chosen->rate.tried.front(), &best = chosen->rate.best();
  std::string tried;
  for (const Outlook& one : chosen->rate.tried)
    tried += fmt::format("{}{}: {:.0f}%", tried.empty() ? "" : ", ", one.lr, 100 * one.chance());
  return fmt::format("recommended: {} at rate {}\n{}; chance to train by rate: {}\n",
                     all[chosen->scheme].scheme, best.lr,
                     planned.trains() ? "of all schemes it has the best odds at the planned rate"
                                      : "no scheme will train at the planned rate",
                     tried);
}

std::string layers_table(const Probed& one) {
  text::TextTable table({{"layer"},
                         {"std", true},
                         {"corr", true},
                         {"gradient", true},
                         {"rank", true},
                         {"dead", true},
                         {"flat", true},
                         {"twins", true},
                         {"step", true}});
  for (const auto& layer : one.probe.layers) {
    table.add({text::shorten(layer.layer, 20), two_digits(layer.std),
               fmt::format("{:.2f}", layer.correlation), two_digits(layer.gradient),
               fmt::format("{:.1f}", layer.rank), share(layer.dead), share(layer.saturated),
               share(layer.twins), two_digits(one.outlook.lr * layer.pull)});
  }
  return table.to_string();
}

}  // namespace fanin::probe
