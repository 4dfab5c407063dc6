#pragma once
#include <concepts>
#include <type_traits>

#include <fanin/compare/results.hpp>

/// @file
/// The comparison's types, field by field: `fields(value, visit)` calls `visit(name, member)` for each.
/// Writing and reading JSON both go through these lists, so neither can forget what the other knows.
namespace fanin::compare {

/// T is Plain, const or not: one list both writes and reads.
template <class T, class Plain>
concept Like = std::same_as<std::remove_const_t<T>, Plain>;

/// Steps that a run needed: in JSON a number, or null for "never"; absent where nobody looked.
template <class Bool, class Steps>
struct Sought {
  Bool& sought;  ///< whether anybody looked
  Steps& steps;  ///< none: never
};
/// Which clang before 17 does not find by itself.
template <class Bool, class Steps>
Sought(Bool&, Steps&) -> Sought<Bool, Steps>;

/// @{
/// Calls `visit(name, member)` for every member, in the order of the file.
void fields(Like<EpochRecord> auto& epoch, auto&& visit) {
  visit("epoch", epoch.epoch);
  visit("train_loss", epoch.train_loss);
  visit("test_loss", epoch.test_loss);
  visit("test_accuracy", epoch.test_accuracy);
  visit("train_accuracy", epoch.train_accuracy);
  visit("seconds", epoch.seconds);
}

void fields(Like<probe::LayerProfile> auto& layer, auto&& visit) {
  visit("layer", layer.layer);
  visit("activation_mean", layer.activation_mean);
  visit("activation_std", layer.activation_std);
  visit("gradient_norm", layer.gradient_norm);
  visit("dead_share", layer.dead_share);
}

void fields(Like<probe::Histogram> auto& histogram, auto&& visit) {
  visit("low", histogram.low);
  visit("high", histogram.high);
  visit("counts", histogram.counts);
}

void fields(Like<SpectrumSnapshot> auto& spectrum, auto&& visit) {
  visit("norm", spectrum.norm);
  visit("stable_rank", spectrum.stable_rank);
  visit("condition", spectrum.condition);
  visit("values", spectrum.values);
}

void fields(Like<ParameterSnapshot> auto& parameter, auto&& visit) {
  visit("name", parameter.name);
  visit("shape", parameter.shape);
  visit("mean", parameter.mean);
  visit("std", parameter.std);
  visit("before", parameter.before);
  visit("after", parameter.after);
  visit("spectrum_before", parameter.spectrum_before);
  visit("spectrum_after", parameter.spectrum_after);
}

void fields(Like<FilterImages> auto& filters, auto&& visit) {
  visit("name", filters.name);
  visit("count", filters.count);
  visit("channels", filters.channels);
  visit("height", filters.height);
  visit("width", filters.width);
  visit("before", filters.before);
  visit("after", filters.after);
}

void fields(Like<Run> auto& run, auto&& visit) {
  visit("model", run.model);
  visit("scheme", run.scheme);
  visit("plan", run.plan);
  visit("diagnosis", run.diagnosis);
  visit("seed", run.seed);
  visit("lr", run.lr);
  visit("rate", run.rate);
  visit("optimizer", run.optimizer);
  visit("batch", run.batch);
  visit("status", run.status);
  visit("diverged_step", run.diverged_step);
  visit("message", run.message);
  visit("steps", run.steps);
  visit("test_accuracy", run.test_accuracy);
  visit("test_loss", run.test_loss);
  visit("validation_accuracy", run.validation_accuracy);
  visit("validation_loss", run.validation_loss);
  visit("steps_to_threshold", Sought{run.threshold_sought, run.steps_to_threshold});
  visit("seconds", run.seconds);
  visit("samples_per_s", run.samples_per_s);
  visit("history", run.history);
  visit("loss_curve", run.loss_curve);
  visit("profile_start", run.profile_start);
  visit("profile_end", run.profile_end);
  visit("parameters", run.parameters);
  visit("filters", run.filters);
}

void fields(Like<statistics::Interval> auto& interval, auto&& visit) {
  visit("low", interval.low);
  visit("high", interval.high);
}

void fields(Like<Summary> auto& row, auto&& visit) {
  visit("model", row.model);
  visit("scheme", row.scheme);
  visit("rate", row.rate);
  visit("runs", row.runs);
  visit("diverged", row.diverged);
  visit("failed", row.failed);
  visit("mean", row.mean);
  visit("std", row.std);
  visit("ci95", row.ci95);
  visit("interval", row.interval);
  visit("median", row.median);
  visit("minimum", row.minimum);
  visit("maximum", row.maximum);
  visit("test_loss", row.test_loss);
  visit("is_default", row.is_default);
  visit("among_best", row.among_best);
  visit("pairs", row.pairs);
  visit("difference_to_default", row.difference_to_default);
  visit("difference_ci95", row.difference_ci95);
  visit("difference_interval", row.difference_interval);
  visit("beats", row.beats);
  visit("beats_interval", row.beats_interval);
  visit("p_value", row.p_value);
  visit("p_adjusted", row.p_adjusted);
  visit("significant", row.significant);
  visit("equivalence_p", row.equivalence_p);
  visit("equivalent", row.equivalent);
  visit("finding", row.finding);
  visit("pairing_gain", row.pairing_gain);
  visit("seed_correlation", row.seed_correlation);
  visit("steps_to_threshold", Sought{row.threshold_sought, row.steps_to_threshold});
  visit("train_seconds", row.train_seconds);
}

void fields(Like<Subject> auto& subject, auto&& visit) {
  visit("name", subject.name);
  visit("model", subject.model);
  visit("labels_per_class", subject.labels_per_class);
  visit("optimizer", subject.optimizer);
  visit("batch", subject.batch);
  visit("lr", subject.lr);
  visit("window", subject.window);
}

void fields(Like<Window> auto& window, auto&& visit) {
  visit("subject", window.subject);
  visit("scheme", window.scheme);
  visit("best_lr", window.best_lr);
  visit("best_accuracy", window.best_accuracy);
  visit("low", window.low);
  visit("high", window.high);
  visit("factor", window.factor);
  visit("largest_stable", window.largest_stable);
  visit("at_edge", window.at_edge);
  visit("open_low", window.open_low);
  visit("open_high", window.open_high);
  visit("rates", window.rates);
  visit("seeds", window.seeds);
  visit("share", window.share);
}

void fields(Like<train::DataSum> auto& sum, auto&& visit) {
  visit("name", sum.name);
  visit("part", sum.part);
  visit("count", sum.count);
  visit("checksum", sum.checksum);
}

void fields(Like<train::Provenance> auto& provenance, auto&& visit) {
  visit("version", provenance.version);
  visit("command", provenance.command);
  visit("reproduce", provenance.reproduce);
  visit("cpu", provenance.cpu);
  visit("isa", provenance.isa);
  visit("jobs", provenance.jobs);
  visit("data", provenance.data);
}

void fields(Like<Settings> auto& settings, auto&& visit) {
  visit("models", settings.models);
  visit("subjects", settings.subjects);
  visit("schemes", settings.schemes);
  visit("seeds", settings.seeds);
  visit("default_scheme", settings.default_scheme);
  visit("data", settings.data);
  visit("threshold", settings.threshold);
  visit("classes", settings.classes);
  visit("margin", settings.margin);
  visit("until", settings.until);
  visit("date", settings.date);
  visit("training", settings.training);
  visit("extra", settings.extra);
}
/// @}

}  // namespace fanin::compare
