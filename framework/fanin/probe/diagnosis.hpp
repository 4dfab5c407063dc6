#pragma once
#include <string>
#include <vector>

#include <fanin/probe/probe.hpp>

namespace fanin::probe {

/// What a model's initial weights do to signal and gradient. Whether it trains is another question, of the
/// learning rate too: `Outlook`.
enum class Condition { sound, symmetric, dead, vanishes, saturated, explodes, ill_conditioned };

/// "vanishes", "sound".
const char* name_of(Condition condition);

/// What a sign is looked for in.
enum class Where { hidden_layer, layer, model };

/// One sign that signal or gradient do not get through: the measure that shows it, and where it begins to.
/// The thresholds are conventions, not fitted to anything.
struct Sign {
  Condition condition;  ///< that it is a sign of
  std::string measure;  ///< a name that `measure` knows
  double threshold;     ///< in the measure's own unit
  bool above;           ///< bad at or above the threshold; otherwise below it
  Where where;          ///< what it is looked for in
  std::string reason;   ///< what it means
};

/// The signs, in the order in which one layer, and then the model, is asked for them.
const std::vector<Sign>& signs();

/// What is wrong with a model's signal or gradient, if anything.
struct Diagnosis {
  Condition condition = Condition::sound;  ///< of the first sign that shows
  std::string layer = {};    ///< where it shows first, from the input on; empty when in no single one
  std::string measure = {};  ///< the sign's; empty for a sound one
  double value = 0;          ///< of the measure there
  std::string reason = {};   ///< the sign's: what it means
  bool sound() const {
    return condition == Condition::sound;
  }  ///< whether signal and gradient reach every layer
  /// "vanishes at fc7", "sound".
  std::string to_string() const;
};

/// The first sign that shows: on the way forward, layer by layer, then on the way back, then in the whole.
Diagnosis diagnose(const Probe& probe);

/// A measure of layer `index` (there must be one), or of the model whatever the index, by the name that the
/// signs use. Error for a name that is none.
double measure(const Probe& probe, std::size_t index, const std::string& name);

/// What a layer's outputs say of their own sample, as a share of all they say: `LayerProbe::signal` by the
/// root mean square of the outputs. For samples of equal norm and mean correlation c it is √((1 - c)(N -
/// 1)/N): it goes to 0 in the ordered phase, where c goes to 1 with depth and all samples look the same
/// (Schoenholz et al. 2017). 0 for outputs that are all zero.
double signal_share(const LayerProbe& layer);

/// How unevenly the net stretches directions of its input: the geometric standard deviation, exp(std of ln
/// σ), of the input-output Jacobian's singular values, those below 1e-6 of the largest left out (a narrow
/// layer makes them zero by itself). 1 is dynamical isometry, under which depth costs no learning time (Saxe
/// et al. 2013, Pennington et al. 2017); in products of Gaussian matrices it grows exponentially with depth
/// over width. 1 where the Jacobian is zero or overflows and so says nothing of directions.
double stretch_spread(const Probe& probe);

/// The least effective rank of a hidden layer's outputs, idle ones aside; infinite without hidden layers.
double least_rank(const Probe& probe);

/// The stretch spread of a net that has also lost its samples' directions on the way, its least rank being
/// below 10; 1 of any other. Large weights in a few layers of tanh or sigmoid stretch unevenly too, but keep
/// the samples apart, and such nets train.
double distortion(const Probe& probe);

/// How far a model is from passing signal and gradient on unchanged: the spread over the layers of log10 of
/// the outputs' std (logits left out), plus that of log10 of the gradient norms, plus half of |log10 of the
/// logits' std| and half of log10 of the stretch spread. 0 is perfect; infinite when anything vanishes or
/// overflows altogether.
double imbalance(const Probe& probe);

}  // namespace fanin::probe
