// A rule that names a tied parameter by any of its names speaks for it.
#include <doctest/doctest.h>

#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

/// Two layers of one weight, the first one's name before the other's.
struct Tied {
  nn::Sequential net{"encoder", nn::Linear(6, 6), "decoder", nn::Linear(6, 6)};
  Tied() {
    auto& encoder = dynamic_cast<nn::Linear&>(*net.children()[0].second);
    auto& decoder = dynamic_cast<nn::Linear&>(*net.children()[1].second);
    decoder.weight = encoder.weight;
  }
};

/// What draws the shared weight under a plan.
std::string drawn_by(const std::string& plan) {
  Tied tied;
  Generator generator(1);
  start::initialize(tied.net, plan, generator);
  return tied.net.parameter("decoder.weight")->drawn_by->to_string();
}

}  // namespace

TEST_CASE("plan: a tied parameter follows a rule for any of its names, and of several the last") {
  CHECK(drawn_by("decoder=zeros") == "zeros");
  CHECK(drawn_by("decoder.weight=ones") == "ones");
  CHECK(drawn_by("encoder=zeros") == "zeros");
  CHECK(drawn_by("normal; dec*=ones") == "ones");
  CHECK(drawn_by("enc*=zeros; dec*=ones") == "ones");
  CHECK(drawn_by("dec*=ones; enc*=zeros") == "zeros");
  CHECK(drawn_by("encoder=zeros; decoder=zeros") == "zeros");
}

TEST_CASE("plan: rules that name one parameter by two of its names and differ are refused") {
  for (const char* plan : {"encoder=zeros; decoder=ones", "encoder.weight=zeros; decoder.weight=ones",
                           "decoder=zeros; normal; encoder=ones", "encoder=zeros; decoder=default"}) {
    CAPTURE(plan);
    CHECK(holds(usage_message([&] { drawn_by(plan); }),
                "'encoder.weight' and 'decoder.weight' are one parameter"));
  }
  CHECK(holds(usage_message([] { drawn_by("decodr=zeros"); }), "did you mean 'decoder'"));
}
