-- Health of every kind of this operator, for Argo CD: the same that kstatus (Flux, Helm 4) makes of these conditions.
-- Argo CD itself answers for objects that are being deleted.
local health = {status = "Progressing", message = "Waiting for the operator to see this generation"}
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Ready" then
    health.message = (condition.reason or "") .. ": " .. (condition.message or "")
    if condition.status == "True" then
      health.status = "Healthy"
    end
  end
end
for _, condition in ipairs(obj.status.conditions or {}) do
  -- A person must change something: waiting does not help.
  if condition.type == "Stalled" and condition.status == "True" then
    health.status = "Degraded"
  end
end
return health
