#pragma once
#include <memory>

#include <fanin/fanin.hpp>

/// A residual block whose branch starts at 0.
class Block final : public fanin::nn::Module {
 public:
  explicit Block(fanin::Index width);
  std::string kind() const override { return "Block"; }

 protected:
  fanin::Tensor forward(const fanin::Tensor& x) override;

 private:
  fanin::nn::ModulePtr layer_;
  fanin::nn::ParameterRef alpha_{"alpha"};
};
