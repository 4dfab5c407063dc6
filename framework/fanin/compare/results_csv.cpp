#include <fmt/format.h>

#include <fanin/compare/csv_field.hpp>
#include <fanin/compare/results_csv.hpp>

namespace fanin::compare {
namespace {

std::string step(std::optional<Index> value) { return value ? fmt::format("{}", *value) : ""; }

/// Infinitely many where it never got there.
std::string steps_of(const Run& run) {
  return run.threshold_sought && !run.steps_to_threshold ? "inf" : step(run.steps_to_threshold);
}

}  // namespace

std::string comparison_csv(const Comparison& comparison) {
  std::string text =
      "model,scheme,seed,lr,rate,optimizer,batch,status,test_accuracy,test_loss,validation_accuracy,"
      "train_loss,epochs,steps_to_threshold,diverged_step,seconds,samples_per_s,plan,message\n";
  for (const Run& run : comparison.runs) {
    const double train_loss = run.history.empty() ? unknown : run.history.back().train_loss;
    text += fmt::format("{},{},{},{},{},{},{},", csv_field(run.model), csv_field(run.scheme), run.seed,
                        csv_field(run.lr), rate_picks.name_of(run.rate), csv_field(run.optimizer),
                        run.batch > 0 ? std::to_string(run.batch) : "");
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", statuses.name_of(run.status),
                        csv_field(run.test_accuracy), csv_field(run.test_loss),
                        csv_field(run.validation_accuracy), csv_field(train_loss), run.history.size(),
                        steps_of(run), step(run.diverged_step), csv_field(run.seconds),
                        csv_field(run.samples_per_s), csv_field(run.plan), csv_field(run.message));
  }
  return text;
}

}  // namespace fanin::compare
