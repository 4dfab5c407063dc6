#include <doctest/doctest.h>

#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/probe.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;

TEST_CASE("probe: behind batch statistics too, a sample's Jacobian is of its own pixels") {
  const data::Dataset data = datasets::load_dataset("synthetic(count=40, size=8)", datasets::Split::train);
  data::Loader loader(data, {.batch = 4});
  data::Batch batch;
  REQUIRE(loader.next(batch));
  const auto model =
      models::build("mlp(hidden=12, batch_norm=true, activation=tanh)", {.height = 8, .width = 8});
  Generator generator(3);
  start::initialize(*model, "xavier_normal", generator);
  const auto all = probe::jacobians(*model, batch.images, {.jacobian_samples = 4});
  REQUIRE(all.size() == 4);

  model->train();
  const NoGrad guard;
  double worst = 0, largest = 0;
  for (Index n = 0; n < 4; ++n) {
    for (const Index pixel : {Index{0}, Index{21}, Index{63}}) {
      Tensor up = batch.images.clone(), down = batch.images.clone();
      up.data()[n * 64 + pixel] += real(0.01);
      down.data()[n * 64 + pixel] -= real(0.01);
      const Tensor high = (*model)(up), low = (*model)(down);
      for (Index k = 0; k < 10; ++k) {
        const double difference =
            static_cast<double>(high.data()[n * 10 + k] - low.data()[n * 10 + k]) / 0.02;
        worst = std::max(
            worst, std::abs(difference -
                            all[static_cast<std::size_t>(n)][static_cast<std::size_t>(k * 64 + pixel)]));
        largest = std::max(largest, std::abs(difference));
      }
    }
  }
  CHECK(largest > 0.02);  // else the comparison says nothing
  CHECK(worst < 2e-3);
}
