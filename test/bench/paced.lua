-- Each of wrk's connections asks again 5 ms after its answer.
function delay()
  return 5
end
