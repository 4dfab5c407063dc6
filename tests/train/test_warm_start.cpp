#include <doctest/doctest.h>

#include <fanin/core/error.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/start.hpp>

#include "tests/io/scratch.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using train::WarmStart;

namespace {

std::vector<real> values(nn::Module& model, const std::string& name) {
  return model.parameter(name)->value.to_vector();
}

/// A saved mlp of 5 classes, drawn with `seed`.
std::string saved_mlp(const Scratch& scratch, nn::ModulePtr& saved) {
  saved = models::build("mlp(hidden=12-8)", {.classes = 5});
  Generator generator(7);
  start::initialize(*saved, generator);
  const std::string path = scratch / "saved.safetensors";
  start::save_model(path, *saved);
  return path;
}

}  // namespace

TEST_CASE("warm: the text form says all that the value holds") {
  const WarmStart warm = WarmStart::parse(
      "warm(a b/c.pt, head=fc3, freeze=conv*+fc1, freeze_statistics=no, lr_body=0.1, layer_decay=0.8, "
      "head_epochs=2, unfreeze_every=3, l2_sp=0.01, l2_head=0.5, shrink=0.4, perturb=0.2, skip=fc2.*, "
      "adapt=crop_pad, strip_prefix=module., allow_missing=yes, allow_unexpected=yes)");
  CHECK(warm.file == "a b/c.pt");
  CHECK(warm.finetune.head == "fc3");
  CHECK(warm.finetune.freeze == std::vector<std::string>{"conv*", "fc1"});
  CHECK_FALSE(warm.finetune.freeze_statistics);
  CHECK(warm.lr_body == 0.1);
  CHECK(warm.finetune.layer_decay == 0.8);
  CHECK(warm.finetune.head_epochs == 2);
  CHECK(warm.finetune.unfreeze_every == 3);
  CHECK(warm.finetune.l2_sp == 0.01);
  CHECK(warm.finetune.l2_head == 0.5);
  REQUIRE(warm.shrink_perturb);
  CHECK(warm.shrink_perturb->shrink == 0.4);
  CHECK(warm.shrink_perturb->perturb == 0.2);
  CHECK(warm.matching.skip == std::vector<std::string>{"fc2.*"});
  CHECK(warm.matching.adapt.at(0).rule == start::Adapt::crop_pad);
  CHECK(warm.matching.strip_prefix == "module.");
  CHECK(warm.matching.allow_missing);
  CHECK(warm.matching.allow_unexpected);
  CHECK_FALSE(WarmStart::parse("warm(x)").shrink_perturb);

  CHECK(train::Start("warm(x)").warm()->file == "x");
  CHECK(train::Start("warm(x)").plan() == nullptr);
  CHECK(usage_message([] { train::Start("warmth"); }).find("unknown scheme 'warmth'") != std::string::npos);
  CHECK(train::Start("default").warm() == nullptr);
  CHECK(*train::Start("conv*=zeros").plan() == init::Plan::parse("conv*=zeros"));
  const auto refused = [](const char* text) { return usage_message([&] { WarmStart::parse(text); }); };
  CHECK(refused("warm").find("'file' is missing") != std::string::npos);
  CHECK(refused("warm(x, haed=fc3)").find("did you mean 'head'") != std::string::npos);
  CHECK(refused("warm(x, lr_body=-1)").find("lr_body = '-1'") != std::string::npos);
  CHECK(refused("warm(x, adapt=stretch)").find("stretch") != std::string::npos);
}

TEST_CASE("warm: the body is loaded, the head is drawn, once, by its own scheme or the plan's") {
  const Scratch scratch;
  nn::ModulePtr saved;
  const std::string path = saved_mlp(scratch, saved);
  const auto model = models::build("mlp(hidden=12-8)", {.classes = 10});
  const auto report = WarmStart::parse("warm(" + path + ")").start(*model, 3);
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"})
    CHECK(values(*model, name) == values(*saved, name));
  CHECK(report.count(start::WarmStartReport::Status::loaded) == 4);
  CHECK(report.count(start::WarmStartReport::Status::skipped) == 2);
  CHECK(report.to_string().find("the head, new for this task: drawn by kaiming_uniform") !=
        std::string::npos);
  CHECK(model->parameter("fc3.weight")->origin == nn::Origin::drawn);
  CHECK(model->parameter("fc1.weight")->origin == nn::Origin::loaded);

  const auto again = models::build("mlp(hidden=12-8)", {.classes = 10}),
             other = models::build("mlp(hidden=12-8)", {.classes = 10});
  WarmStart::parse("warm(" + path + ")").start(*again, 3);
  WarmStart::parse("warm(" + path + ")").start(*other, 4);
  CHECK(values(*again, "fc3.weight") == values(*model, "fc3.weight"));
  CHECK(values(*other, "fc3.weight") != values(*model, "fc3.weight"));

  const auto planned = models::build("mlp(hidden=12-8)", {.classes = 10});
  WarmStart::parse("warm(" + path + ")").start(*planned, 3, init::Plan::parse("fc3=zeros"));
  CHECK(values(*planned, "fc3.weight") == std::vector<real>(80, 0));

  const auto kept = models::build("mlp(hidden=12-8)", {.classes = 5});
  WarmStart::parse("warm(" + path + ", keep_head=true)").start(*kept, 3);
  CHECK(values(*kept, "fc3.weight") == values(*saved, "fc3.weight"));
  CHECK_THROWS_WITH_AS(WarmStart::parse("warm(" + path + ", keep_head=true)")
                           .start(*models::build("mlp(hidden=12-8)", {.classes = 10}), 3),
                       doctest::Contains("the model wants [10, 8]"), Error);
}

TEST_CASE("warm: shrink and perturb spares the head, which is fresh already") {
  const Scratch scratch;
  nn::ModulePtr saved;
  const std::string path = saved_mlp(scratch, saved);
  const auto plain = models::build("mlp(hidden=12-8)", {.classes = 10}),
             shrunk = models::build("mlp(hidden=12-8)", {.classes = 10});
  WarmStart::parse("warm(" + path + ")").start(*plain, 3);
  WarmStart::parse("warm(" + path + ", shrink=0.5)").start(*shrunk, 3);
  CHECK(values(*shrunk, "fc3.weight") == values(*plain, "fc3.weight"));
  const auto from = values(*plain, "fc1.weight"), to = values(*shrunk, "fc1.weight");
  for (std::size_t i = 0; i < from.size(); ++i) CHECK(to[i] == from[i] / 2);
}

TEST_CASE("warm: the body's rate holds for all but the head") {
  const auto model = models::build("lenet", {});
  Generator generator(0);
  start::initialize(*model, generator);
  WarmStart warm{.file = "x", .lr_body = 0.1};
  warm.finetune.rates = {{"conv1", 0.01}};
  const train::FineTuning tuning(*model, warm.tuning(*model));
  for (const auto& one : tuning.layers()) {
    CAPTURE(one.name);
    CHECK(one.lr_scale == (one.name.starts_with("fc3") ? 1 : one.name.starts_with("conv1") ? 0.01 : 0.1));
  }
}
