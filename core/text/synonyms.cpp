#include "core/text/synonyms.h"

#include <algorithm>
#include <cctype>

namespace cambium {
namespace {
struct Synonym {
  std::string_view ours;
  std::string_view theirs;  // plain words with a space on either side
};

// Where other tools keep what has a name here.
constexpr std::string_view kModules[] = {"torch", "nn",    "functional", "F",
                                         "optim", "tf",    "keras",      "jax",
                                         "flax",  "linen", "layers",     "lr_scheduler"};

constexpr Synonym kSynonyms[] = {
    // Blocks.
    {"attention", " multiheadattention mha selfattention multiheadselfattention sdpa attn "},
    {"cross_attention", " crossattn xattn encoderdecoderattention "},
    {"latent_attention", " mla multiheadlatentattention multilatentattention "},
    {"linear", " dense fc fullyconnected projection proj "},
    {"embed", " embedding embeddings tokenembedding wte "},
    {"positions", " positionalencoding positionalembedding positionembedding posembed wpe "},
    {"ffn", " mlp feedforward positionwisefeedforward "},
    {"conv2d", " conv convolution conv2 "},
    {"conv1d", " conv1 temporalconv "},
    {"depthwise_conv", " depthwiseconv2d depthwiseconv1d dwconv "},
    {"inverted_residual", " mbconv invertedbottleneck "},
    {"squeeze_excite", " se seblock squeezeexcitation senet "},
    {"pool2d", " maxpool maxpool2d avgpool avgpool2d averagepooling2d maxpooling2d "},
    {"pool", " globalavgpool globalaveragepooling adaptiveavgpool2d readout globalmeanpool "},
    {"residual", " skip shortcut add skipconnection resblock "},
    {"parallel", " branch branches concat concatenate "},
    {"split", " chunk splitchannels "},
    {"shuffle", " channelshuffle "},
    {"slice", " narrow crop "},
    {"norm", " normalization normalisation normalize "},
    {"activation", " act nonlinearity activationfunction hiddenact "},
    {"dropout", " dropout1d dropout2d "},
    {"patch_embed", " patchembedding patchify "},
    {"class_token", " cls clstoken "},
    {"latents", " register registers regtokens memory memorytokens prompt queries learnedqueries "},
    {"transpose", " mixer tokenmixing tokenmixer spatialgating permute swapaxes "},
    {"reverse", " flip "},
    {"bidirectional", " birnn bilstm bimamba twoway "},
    {"affine", " scaleshift "},
    {"moe", " mixtureofexperts switch "},
    {"gcn", " gcnconv graphconv graphconvolution "},
    {"gat", " gatconv graphattention "},
    {"gatv2", " gatv2conv "},
    {"distance_attention", " graphormer graphormerattention "},
    {"degree_embedding", " degreeencoding centralityencoding "},
    {"gin", " ginconv gineconv "},
    {"graph_sage", " sage sageconv "},
    {"gated_gcn", " resgatedgraphconv "},
    {"retention", " retnet "},
    {"delta_net", " deltanet deltarule "},
    {"rwkv", " timemix "},
    {"s4d", " s4 ssm "},
    {"mamba2", " ssd "},
    // Options of blocks.
    {"width", " outfeatures outchannels units filters hiddensize hiddenchannels cout "},
    {"dim", " embeddingdim embeddim dmodel hiddendim nembd modeldim "},
    {"heads", " numheads nheads nhead attentionheads "},
    {"kv_heads", " numkvheads numkeyvalueheads nkvheads "},
    {"head_dim", " dhead headsize headwidth headdimension "},
    {"rotary_dim", " rotaryndims rotarydims ropedims "},
    {"kv_rank", " kvlorarank "},
    {"q_rank", " qlorarank "},
    {"key_dim", " qknopeheaddim "},
    {"rope_dim", " qkropeheaddim "},
    {"value_dim", " vheaddim "},
    {"rope_base", " ropetheta "},
    {"qk_norm", " qknormalization qklayernorm "},
    {"kernel", " kernelsize ksize filtersize "},
    {"stride", " strides "},
    {"dilation", " dilationrate "},
    {"causal", " iscausal autoregressive "},
    {"bidirectional", " bidir "},
    {"layers", " numlayers nlayers "},
    {"experts", " numexperts nexperts "},
    {"vocab", " vocabsize numembeddings "},
    {"context", " seqlen sequencelength blocksize maxlen contextlength maxlength "},
    {"expand", " mlpratio expansion expansionfactor "},
    {"bias", " usebias "},
    // Training.
    {"lr", " learningrate stepsize "},
    {"batch", " batchsize bs minibatch "},
    {"steps", " maxsteps iterations numsteps iters maxiters updates "},
    {"epochs", " numepochs maxepochs nepochs "},
    {"weight_decay", " wd l2 decay "},
    {"clip", " gradclip clipgradnorm maxgradnorm gradientclipping maxnorm clipnorm "},
    {"accumulate", " gradientaccumulationsteps gradaccum accumulationsteps accum "},
    {"warmup", " warmupsteps warmupratio warmupiters numwarmupsteps "},
    {"optimizer", " optim optimiser "},
    {"schedule", " scheduler lrscheduler lrschedule "},
    {"loss", " criterion lossfn lossfunction objective "},
    {"label_smoothing", " smoothing "},
    {"patience", " earlystopping earlystoppingpatience "},
    {"eval_every", " evalinterval evalsteps validationinterval valinterval "},
    {"log_every", " loginterval loggingsteps "},
    {"checkpoint_every", " saveevery savesteps saveinterval "},
    {"precision", " dtype mixedprecision amp "},
    {"parameterisation", " parametrization parameterization mup mutransfer "},
    {"cosine", " cosineannealing cosineannealinglr cosinedecay "},
    {"step", " steplr "},
    {"cross_entropy", " crossentropyloss ce nll nllloss softmaxcrossentropy "},
    {"mse", " mseloss l2loss meansquarederror "},
    {"mae", " l1loss meanabsoluteerror "},
    {"huber", " smoothl1loss smoothl1 huberloss "},
    {"ctc", " ctcloss "},
    // Sections and keys of studies.
    {"model", " architecture network net layers "},
    {"data", " dataset datasets "},
    {"train", " training trainer "},
    {"vars", " variables params hyperparameters defines "},
    {"define", " blocks modules definitions macros "},
    {"variants", " models arms configs "},
    {"seeds", " seed nseeds numseeds repeats "},
    {"baseline", " reference control "},
};
}  // namespace

std::string plain_word(std::string_view word) {
  for (size_t dot = word.find('.'); dot != word.npos; dot = word.find('.')) {
    if (!std::ranges::count(kModules, word.substr(0, dot))) break;
    word.remove_prefix(dot + 1);
  }
  std::string plain;
  for (const char c : word)
    if (c != '_' && c != '-' && c != ' ')
      plain += char(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

std::vector<std::string> meant_names(std::string_view word, std::span<const std::string> known) {
  const std::string plain = plain_word(word);
  if (plain.empty()) return {};
  std::vector<std::string> names;
  for (const std::string& name : known)
    if (plain_word(name) == plain) names.push_back(name);
  if (!names.empty()) return names;
  for (const Synonym& s : kSynonyms) {
    const bool meant = s.theirs.find(" " + plain + " ") != s.theirs.npos;
    if (meant && std::ranges::count(known, s.ours)) names.emplace_back(s.ours);
  }
  return names;
}
}  // namespace cambium
